import { gunzip } from '../../archive/foreign/gunzip.ts'
import { type ForeignFile, openForeignFile } from '../../archive/foreign/openForeign.ts'
import { ofArchive } from '../../archive/foreign/refuse.ts'
import { type ForeignLimits, foreignLimits } from '../../archive/foreign/types.ts'
import type { Run } from '../../base/run.ts'
import type { Element, Warning } from '../../contract/words.ts'
import { type ArchivePlan, checkArchives } from '../../intake/archives/checkArchives.ts'
import type { GivenArchive } from '../../intake/archives/givenArchive.ts'
import { refuseArchive } from '../../intake/archives/refuseArchive.ts'
import { readEntryBody } from '../../repository/readEntries.ts'
import type { Repository, WriteSession } from '../../repository/types.ts'
import type { Captured } from '../capture/captureTree.ts'
import { archivePart } from './archivePart.ts'
import { findSites } from './findSites.ts'
import { storeArchive, type StoredArchive } from './storeArchive.ts'

export interface ReadArchivesOptions {
  repository: Repository
  session: WriteSession
  given: readonly { role: GivenArchive['role']; path: string; name: string }[]
  /** A private directory, such as the intake's: a sweep at the start empties it of what a crash left */
  workDirectory: string
  limits?: Partial<ForeignLimits>
  twins?: boolean
  run: Run
}

/** The archives of a site, read once, their bodies in the repository. */
export interface ReadArchives {
  plan: ArchivePlan
  warnings: Warning[]
  /** Makes the manifest of one of the trees, null when there is none of it */
  capture(element: 'code' | 'files', archivePrefix: string, leaveOut?: (path: string) => boolean): Promise<Captured | null>
  /** The code's archive, for what is not a part of the manifest, such as `.git` */
  code: StoredArchive
  /** The dump, unpacked, each time from the beginning; null when there is none */
  dump(): AsyncIterable<Buffer> | null
  close(): Promise<void>
}

/**
 * Reads the archives of a new site, checks that they make one, and tells its parts. After a failure nothing is left but
 * garbage in the repository.
 *
 * @throws {Failure} ARCHIVE_REFUSED with `details.reason`, ARCHIVE_DAMAGED, SPACE_LACKING, WORKFLOW_CANCELLED, SESSION_LOST
 */
export async function readArchives(options: ReadArchivesOptions): Promise<ReadArchives> {
  const { repository, session, run } = options
  const files: ForeignFile[] = []
  const stored: (StoredArchive | null)[] = []
  const close = async (): Promise<void> => {
    for (const archive of stored) archive?.close()
    for (const file of files) await file.close()
  }
  try {
    for (const { path, name } of options.given) files.push(await openForeignFile(path, name))
    for (const file of files) stored.push(file.kind === 'sql' ? null : await storeArchive({ ...options, file }))
    const seen = options.given.map(({ role, name }, index) => {
      const outline = stored[index]?.outline ?? null
      return { role, name, kind: (files[index] as ForeignFile).kind, outline, sites: outline === null ? [] : findSites(outline) }
    })
    const holds = (at: number, path: string): boolean =>
      seen[at]?.outline?.has(path) === true || (stored[at] !== null && !isUsual(path) && holdsDirectory(stored[at], path))
    const plan = checkArchives(seen, holds)
    const partOf = (archive: number): StoredArchive => {
      const part = stored[archive]
      if (part === undefined || part === null) throw new Error(`readArchives: archive ${archive} is none`)
      return part
    }
    const warnings = [...plan.warnings, ...stored.flatMap((archive, index) => named(archive, options.given[index]?.role))]
    return {
      plan,
      warnings,
      code: partOf(plan.code.archive),
      async capture(element, archivePrefix, leaveOut = () => false) {
        const part = plan[element]
        if (part === null) return null
        const elsewhere = new Set(element === 'code' ? plan.code.leaveOut : [])
        return archivePart({
          repository,
          session,
          run,
          archive: partOf(part.archive),
          element,
          root: part.root,
          leaveOut: (path) => elsewhere.has(path) || leaveOut(path),
          archivePrefix,
        })
      },
      dump() {
        const { database } = plan
        if (database === null) return null
        if (database.path === null) return (files[database.archive] as ForeignFile).text()
        return dumpInside(repository, partOf(database.archive), database.path)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Of which the outline is asked: most code comes without its files, and the list of an archive may be long. */
function isUsual(path: string): boolean {
  return /(^|\/)(wp-content\/uploads|sites\/[^/]+\/files|files)$/.test(path)
}

function holdsDirectory(archive: StoredArchive | undefined, path: string): boolean {
  for (const entry of archive?.entries() ?? []) if (entry.kind === 'directory' && entry.path.toString() === path) return true
  return false
}

/** A dump that is a member of an archive, unpacked. */
export async function* dumpInside(
  repository: Repository,
  archive: StoredArchive,
  path: string,
): AsyncGenerator<Buffer, void, undefined> {
  for (const entry of archive.entries()) {
    if (entry.path.toString() !== path) continue
    if (entry.kind !== 'file') break
    const body = readEntryBody(repository, entry)
    try {
      yield* /\.gz$/i.test(path) ? gunzip(body, foreignLimits) : body
    } catch (error) {
      throw ofArchive(error, `${archive.name}: ${path}`)
    }
    return
  }
  throw refuseArchive('no-dump', archive.name, `"${path}" in it is no file`, 'Put the dump itself into the archive')
}

/** Warnings of an archive that was given for one element belong to that element. */
function named(archive: StoredArchive | null, role: GivenArchive['role'] | undefined): Warning[] {
  const element: Element | null = role === undefined || role === 'all' ? null : role
  return (archive?.warnings ?? []).map((warning) => ({ ...warning, element }))
}
