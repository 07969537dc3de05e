import { linkStaysInside } from '../../archive/foreign/paths.ts'
import { shown } from '../../archive/foreign/refuse.ts'
import { padding } from '../../archive/glue.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { Element, Warning } from '../../contract/words.ts'
import { chunkerName } from '../../repository/chunker.ts'
import { encodePage, isPageCut } from '../../repository/page.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { Repository, StoredEntry, WriteSession } from '../../repository/types.ts'
import { type CapturedPage, capturedPage } from '../capture/capturedPages.ts'
import { type Captured, untilCancelled } from '../capture/captureTree.ts'
import { Encoders } from '../capture/encoders.ts'
import { statRecordBytes } from '../capture/statRecords.ts'
import { storeManifest } from '../capture/storeManifest.ts'
import { intakeCodec, type StoredArchive } from './storeArchive.ts'

export interface ArchivePartOptions {
  repository: Repository
  /** The one that the archive was stored with */
  session: WriteSession
  archive: StoredArchive
  element: Element
  /** Directory of the archive that becomes the root of the element; empty for all of it */
  root: string
  /** Says of a path below the root, and with it of all below that path, that it belongs elsewhere */
  leaveOut?: (path: string) => boolean
  /** Top directory of the element's own archive with a slash behind it (`files_dev/`), or empty */
  archivePrefix: string
  facts?: Record<string, unknown>
  run: Run
}

/** Pages that are encoded at the same time. */
const pagesAhead = 16
const warningsMax = 1000

/**
 * Makes the manifest of one element out of an archive that was stored, or of a part of it, as `captureTree` makes it of a
 * directory; durable, but named by nothing yet. Links that lead out of the element are left out with a warning.
 *
 * @throws {Failure} SPACE_LACKING, WORKFLOW_CANCELLED, SESSION_LOST
 */
export async function archivePart(options: ArchivePartOptions): Promise<Captured> {
  const { repository, session, run, element, archivePrefix } = options
  stopIfCancelled(run)
  const encoders = Encoders.start({ repository, session, codec: intakeCodec() })
  const archive: ArchiveForm = { prefix: archivePrefix, form: 'tar' }
  try {
    const warnings: Warning[] = []
    const pages = await untilCancelled(run, Promise.race([storePages(options, encoders, archive, warnings), encoders.failed]))
    const facts = {
      element,
      archivePrefix,
      chunker: chunkerName,
      form: 'tar' as const,
      rawBytes: pages.reduce((sum, page) => sum + page.bodyBytes, 0),
      madeAt: run.now().toISOString(),
      pages: pages.map((page) => page.summary),
      facts: options.facts ?? {},
    }
    const stored = await untilCancelled(run, storeManifest(encoders, repository, facts, archive))
    encoders.release()
    return { ...stored, warnings, unchanged: false }
  } catch (error) {
    await encoders.abort()
    throw error
  }
}

async function storePages(
  options: ArchivePartOptions,
  encoders: Encoders,
  archive: ArchiveForm,
  warnings: Warning[],
): Promise<CapturedPage[]> {
  const pages: Promise<CapturedPage | null>[] = []
  let open: StoredEntry[] = []
  let openBytes = 0
  let padIn = 0
  const flush = async (): Promise<void> => {
    const entries = new Uint8Array(encodePage(open))
    const stats = new Uint8Array(open.length * statRecordBytes)
    const page = encoders.submit<'page'>({ kind: 'page', entries, stats, read: [], padIn, archive }).then((result) => {
      const captured = capturedPage(result)
      if (captured !== null) options.session.coverPage(captured.summary.ref)
      return captured
    })
    page.catch(() => {}) // heard below
    pages.push(page)
    const last = open.at(-1)
    padIn = last?.kind === 'file' ? padding(last.sizeBytes) : 0
    open = []
    openBytes = 0
    await pages.at(-pagesAhead)
  }
  for (const entry of partEntries(options, warnings)) {
    stopIfCancelled(options.run)
    open.push(entry)
    openBytes += entry.sizeBytes
    if (isPageCut(entry.path, open.length, openBytes)) await flush()
  }
  if (open.length > 0) await flush()
  return (await Promise.all(pages)).filter((page) => page !== null)
}

/** The entries of the part by their paths in the element, its root first. */
function* partEntries(options: ArchivePartOptions, warnings: Warning[]): Generator<StoredEntry, void, undefined> {
  const root = Buffer.from(options.root)
  const below = root.length === 0 ? root : Buffer.from(`${options.root}/`)
  let hasRoot = false
  let leftOut: Buffer | null = null
  for (const entry of options.archive.entries()) {
    if (root.length > 0 && entry.path.equals(root)) {
      if (entry.kind !== 'directory') continue
      hasRoot = true
      yield { ...entry, path: Buffer.alloc(0) }
      continue
    }
    if (!entry.path.subarray(0, below.length).equals(below)) continue
    const path = entry.path.subarray(below.length)
    if (leftOut !== null && path.subarray(0, leftOut.length).equals(leftOut)) continue
    if (options.leaveOut?.(path.toString()) === true) {
      leftOut = Buffer.concat([path, Buffer.from('/')])
      continue
    }
    if (!hasRoot) {
      hasRoot = true
      yield { ...entry, path: Buffer.alloc(0), kind: 'directory', mode: 0o755, sizeBytes: 0, target: Buffer.alloc(0), chunks: [] }
    }
    if (entry.kind === 'link' && !linkStaysInside(path, entry.target)) {
      const message = `The link ${shown(path)} leads out of the ${options.element}, to ${shown(entry.target)}: it was left out`
      if (warnings.length < warningsMax)
        warnings.push({ code: 'ENTRY_SKIPPED', element: options.element, message, path: path.toString() })
      continue
    }
    yield { ...entry, path }
  }
}
