import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Element, Warning } from '../../contract/words.ts'
import { resolveTrusted } from '../../hosts/local/resolveTrusted.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { chunkerName } from '../../repository/chunker.ts'
import type { CodecChoice } from '../../repository/codecs/codec.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { Manifest, ManifestRef, Repository, WriteSession } from '../../repository/types.ts'
import { Encoders } from './encoders.ts'
import { previousOf, type Previous } from './previous.ts'
import { storeManifest } from './storeManifest.ts'
import { writeStatCache } from './statCache.ts'
import { TreePages } from './treePages.ts'

export interface CaptureTreeOptions {
  repository: Repository
  /** Everything that the manifest refers to is pinned through it; the commit must use the same one */
  session: WriteSession
  root: TreeSource
  element: Element
  /** Top directory of the archive with a slash behind it (`files_dev/`), or empty */
  archivePrefix: string
  /** The manifest of the last backup of the same element */
  previous: Previous | null
  /** Path without an ending, one for each environment and element, in a directory that exists; null keeps no cache */
  statCachePath: string | null
  /** Read every file, whatever its stat says */
  paranoid: boolean
  codec: CodecChoice
  run: Run
  facts?: Record<string, unknown>
}

export interface Captured {
  manifest: Manifest
  ref: ManifestRef
  warnings: Warning[]
  /** The manifest is the previous one: nothing changed */
  unchanged: boolean
}

/**
 * Reads trees into the repository and gives the manifest, durable but named by nothing yet.
 *
 * Files that the stat cache vouches for are not read. What vanished or cannot be read is left out with a warning; a file
 * that never held still is kept with one. After a crash or a failure only garbage is left, and chunks already stored are
 * found again.
 *
 * @throws {Failure} ENVIRONMENT_UNREACHABLE, SPACE_LACKING, WORKFLOW_CANCELLED, SESSION_LOST
 */
export async function captureTree(options: CaptureTreeOptions): Promise<Captured> {
  const { repository, session, run, element } = options
  stopIfCancelled(run)
  const root = { ...options.root, roots: options.root.roots.map((part) => ({ ...part, directory: canonical(part.directory) })) }
  const archive: ArchiveForm = { prefix: options.archivePrefix, form: 'tar' }
  const previous = await previousOf(repository, options.previous)
  const encoders = Encoders.start({ repository, session, codec: options.codec })
  const pages = new TreePages({ repository, session, encoders, root, archive, previous, run })
  try {
    const found = await untilCancelled(run, Promise.race([pages.scan(options.paranoid, options.statCachePath), encoders.failed]))
    const warnings = found.warnings.map((warning) => ({ ...warning, element }))
    if (
      options.previous !== null &&
      (await isSame(
        options,
        found.pages.map((page) => page.summary),
        session,
      ))
    ) {
      await encoders.finish()
      encoders.release()
      if (options.statCachePath !== null) {
        writeStatCache(
          options.statCachePath,
          options.previous.ref,
          found.pages.map((page) => page.stats),
          null,
        )
      }
      return { ...options.previous, warnings, unchanged: true }
    }
    const stored = await untilCancelled(
      run,
      storeManifest(
        encoders,
        repository,
        {
          element,
          archivePrefix: options.archivePrefix,
          chunker: chunkerName,
          form: 'tar',
          rawBytes: found.pages.reduce((sum, page) => sum + page.bodyBytes, 0),
          madeAt: run.now().toISOString(),
          pages: found.pages.map((page) => page.summary),
          facts: options.facts ?? {},
        },
        archive,
      ),
    )
    encoders.release()
    if (options.statCachePath !== null) {
      writeStatCache(
        options.statCachePath,
        stored.ref,
        found.pages.map((page) => page.stats),
        options.previous?.ref ?? null,
      )
    }
    return { ...stored, warnings, unchanged: false }
  } catch (error) {
    await pages.stop()
    await encoders.abort()
    throw error
  }
}

/** Whether these pages are those of the previous manifest, and its root can be referred to again. */
async function isSame(options: CaptureTreeOptions, pages: Manifest['pages'], session: WriteSession): Promise<boolean> {
  if (options.previous === null) return false
  const { manifest, ref } = options.previous
  const equal =
    manifest.form === 'tar' &&
    manifest.archivePrefix === options.archivePrefix &&
    manifest.chunker === chunkerName &&
    JSON.stringify(manifest.facts) === JSON.stringify(options.facts ?? {}) &&
    manifest.pages.length === pages.length &&
    manifest.pages.every((page, index) => {
      const now = pages[index]
      return (
        now !== undefined && now.ref.id.equals(page.ref.id) && now.ref.encMac.equals(page.ref.encMac) && now.padIn === page.padIn
      )
    })
  return equal && (await session.pin([ref])).length === 0
}

/** Gives up as soon as the signal is given; the caller stops what is still running. */
export async function untilCancelled<T>(run: Run, work: Promise<T>): Promise<T> {
  stopIfCancelled(run)
  let onAbort: () => void = () => {}
  const cancelled = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the workflow was cancelled'))
    run.signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, cancelled])
  } finally {
    run.signal.removeEventListener('abort', onAbort)
    work.catch(() => {})
  }
}

/** The database may have been read for an hour since the roots were found: who owns the site could make links meanwhile. */
function canonical(directory: string): string {
  try {
    return resolveTrusted(directory)
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure('ENVIRONMENT_UNREACHABLE', `Cannot read "${directory}": it is not there or closed to us`, {
      cause,
      retry: 'later',
    })
  }
}
