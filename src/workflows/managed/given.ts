import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { newUlid } from '../../base/ids.ts'
import type { Run } from '../../base/run.ts'
import { archiveName } from '../../backups/names.ts'
import type { Given } from '../../contract/managedSchemas.ts'
import type { Actor, Element } from '../../contract/words.ts'
import { holdUpload } from '../../intake/uploads/hold.ts'
import { findUpload } from '../../intake/uploads/records.ts'
import { anyAddress, isPublicAddress } from '../../intake/urls/addresses.ts'
import { beginFetch, fetchUrl } from '../../intake/urls/fetchUrl.ts'
import { openOwnLink } from '../../intake/urls/ownLink.ts'
import { openArchive } from '../../repository/archiveOut.ts'
import type { House } from '../house.ts'
import { loadManifests } from '../restore/manifests.ts'

/** As it stands in the input of a workflow: nobody who may read that may fetch the address. */
export type GivenInput =
  | { upload: string }
  | { fetch: string; sealed: string }
  | { backup: string; element: Element; fileName: string }

/**
 * Words what was given for the input of a workflow. A link of our own is known by its signature and read from the repository.
 *
 * @throws {Failure} UPLOAD_NOT_FOUND, LINK_REFUSED for a link of ours that has expired, INPUT_INVALID
 */
export async function wordGiven(house: House, given: Given, actor: Actor): Promise<GivenInput> {
  const { intake, sealed, ownAddresses } = house.managed
  if ('upload' in given) return { upload: (await findUpload(intake, given.upload, actor)).id }
  const own = await openOwnLink(house.store, given.url, ownAddresses())
  if (own !== null) {
    const { link, backup } = own
    const { element } = link
    const fileName = archiveName({ site: backup.site, environment: backup.environment, momentAt: backup.moment_at, element })
    return { backup: backup.id, element, fileName }
  }
  return { fetch: await beginFetch(intake, given.url, actor), sealed: sealed.close(given.url) }
}

export interface GivenFile {
  path: string
  name: string
  close(): Promise<void>
}

/** The file itself, on this machine, held until the workflow ends. Goes on where a former attempt stopped. */
export async function takeGiven(house: House, workflowId: string, input: GivenInput, run: Run): Promise<GivenFile> {
  const { intake, sealed, fetchPrivate } = house.managed
  if ('backup' in input) {
    const manifest = (await loadManifests(house, input.backup, [input.element]))[input.element]
    if (manifest === undefined) throw new Error('a manifest was not loaded')
    const path = join(intake.directory, newUlid())
    const close = (): Promise<void> => rm(path, { force: true })
    try {
      const bytes = Readable.from(openArchive(house.repository, manifest).read(undefined, run.signal), { objectMode: false })
      await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
      return { path, name: input.fileName, close }
    } catch (error) {
      await close()
      throw error
    }
  }
  if ('fetch' in input) {
    const mayReach = fetchPrivate ? anyAddress : isPublicAddress
    await fetchUrl(intake, input.fetch, sealed.open(input.sealed), { run, mayReach })
  }
  const held = await holdUpload(intake, 'fetch' in input ? input.fetch : input.upload, workflowId)
  return { path: held.path, name: held.fileName, close: async () => {} }
}
