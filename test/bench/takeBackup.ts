import { newUlid } from '../../src/base/ids.ts'
import { quietRun } from '../../src/base/run.ts'
import { recordBackup } from '../../src/backups/catalogue.ts'
import type { Actor, Element } from '../../src/contract/words.ts'
import { dumpDatabase } from '../../src/elements/database/dumpDatabase.ts'
import { packChunkRef } from '../../src/repository/chunkRef.ts'
import type { CodecChoice } from '../../src/repository/codecs/codec.ts'
import type { DiskRepository } from '../../src/repository/repository.ts'
import type { BackupObject, Manifest, ManifestRef, WriteSession } from '../../src/repository/types.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { commitAgain } from '../../src/workflows/backup/commitAgain.ts'
import { captureStream } from '../../src/workflows/capture/captureStream.ts'
import { type Captured, captureTree } from '../../src/workflows/capture/captureTree.ts'

export const benchActor: Actor = { kind: 'system', id: 'bench', name: 'bench' }
export const zlib6: CodecChoice = { name: 'zlib', level: 6 }
export const isal1: CodecChoice = { name: 'isal', level: 1 }

export interface Taken {
  manifest: Manifest
  ref: ManifestRef
  object: BackupObject
}

export interface TakeOptions {
  repository: DiskRepository
  codec: CodecChoice
  previous?: Taken
}

/** A backup of one tree until its commit, as the backup workflow does it. */
export async function takeTree(
  options: TakeOptions & { tree: string; element?: Element; statCachePath?: string },
): Promise<Taken> {
  const { repository, tree, element = 'files' } = options
  return take(repository, element, (session) =>
    captureTree({
      repository,
      session,
      root: { roots: [{ directory: tree, at: '' }], exclude: [], secretPaths: [] },
      element,
      archivePrefix: element === 'files' ? 'files_dev/' : '',
      previous: options.previous ?? null,
      statCachePath: options.statCachePath ?? null,
      paranoid: false,
      codec: options.codec,
      run: quietRun(),
    }),
  )
}

/** A backup of one database until its commit. */
export async function takeDatabase(options: TakeOptions & { credentials: DatabaseCredentials }): Promise<Taken> {
  const { repository, codec, credentials } = options
  return take(repository, 'database', (session) => {
    const run = quietRun()
    const dump = dumpDatabase({ credentials, run })
    return captureStream({
      repository,
      session,
      sections: dump,
      element: 'database',
      previous: options.previous ?? null,
      codec,
      run,
      facts: () => ({ ...dump.facts() }),
    })
  })
}

/** Capture and commit are steps of a workflow: each has a session of its own, and the second looks everything up again. */
async function take(
  repository: DiskRepository,
  element: Element,
  capture: (session: WriteSession) => Promise<Captured>,
): Promise<Taken> {
  const startedAt = new Date().toISOString()
  const session = await repository.openSession()
  const { manifest, ref } = await capture(session).finally(() => session.close())
  const object = backupObject(element, startedAt, manifest, ref)
  await commitAgain(repository, object, async (trx) => void (await recordBackup(trx, object, null)))
  return { manifest, ref, object }
}

function backupObject(element: Element, startedAt: string, manifest: Manifest, ref: ManifestRef): BackupObject {
  const { archiveLength, rawBytes, entryCount, etag } = manifest
  return {
    version: 1,
    id: newUlid(),
    site: 'bench',
    environment: 'dev',
    environmentId: 'bench',
    trigger: 'manual',
    actor: benchActor,
    startedAt,
    momentAt: startedAt,
    elements: {
      [element]: { manifest: packChunkRef(ref).toString('hex'), archiveLength, rawBytes, entryCount, momentAt: startedAt, etag },
    },
    warnings: [],
    facts: {},
    sealedConfig: null,
    expiresAt: null,
    note: null,
  }
}
