import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { TreeSource } from '../../hosts/treeSource.ts'
import { packChunkRef, packChunkRefs, unpackChunkRefs } from '../../repository/chunkRef.ts'
import { decodePage } from '../../repository/page.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { ChunkRef, Repository, WriteSession } from '../../repository/types.ts'
import { type CapturedPage, capturedPage } from './capturedPages.ts'
import { batchBytes, batchFiles, type Encoders, threadFailure } from './encoders.ts'
import { fullPath } from './fullPath.ts'
import { type CaptureWarning, type FileRead, type FileToRead, type FromScanner, type ScannedPage, toText } from './messages.ts'
import type { LocatedPrevious } from './previous.ts'
import type { ScannerData } from './scanner.thread.ts'
import { type WarmThread, WarmThreads } from './warmThreads.ts'

interface Options {
  repository: Repository
  session: WriteSession
  encoders: Encoders
  root: TreeSource
  archive: ArchiveForm
  previous: LocatedPrevious | null
  run: Run
}

const scannerThreads = new WarmThreads<ScannerData, FromScanner>('scanner.thread')

/** Pages that the scanner may be ahead. */
const pagesAhead = 64
const warningsMax = 1000

/** Hears the scanner, has each page read and stored, and collects them in order. */
export class TreePages {
  readonly #options: Options
  readonly #pages: (CapturedPage | null)[] = []
  readonly #warnings: CaptureWarning[] = []
  readonly #credits = new Int32Array(new SharedArrayBuffer(4))
  readonly #work = new Set<Promise<void>>()
  #scanner: WarmThread<ScannerData, FromScanner> | null = null
  #unlisted = 0
  #doneItems = 0
  #doneBytes = 0

  constructor(options: Options) {
    this.#options = options
    this.#credits[0] = pagesAhead
  }

  async scan(paranoid: boolean, statCachePath: string | null): Promise<{ pages: CapturedPage[]; warnings: CaptureWarning[] }> {
    await this.#hearScanner(paranoid, statCachePath)
    await Promise.all(this.#work)
    const warnings = [...this.#warnings]
    if (this.#unlisted > 0) {
      warnings.push({ code: 'ENTRY_SKIPPED', message: `${this.#unlisted} more entries have warnings like these`, path: '' })
    }
    return { pages: this.#pages.filter((page) => page !== null), warnings }
  }

  /** The scanner is synchronous and hears nothing: it is ended. */
  async stop(): Promise<void> {
    await this.#scanner?.terminate()
  }

  #hearScanner(paranoid: boolean, statCachePath: string | null): Promise<void> {
    const { repository, root, previous } = this.#options
    const data: ScannerData = {
      root,
      paranoid,
      credits: this.#credits.buffer as SharedArrayBuffer,
      repository: { directory: repository.directory, key: repository.keys.key },
      previous:
        previous === null
          ? null
          : {
              manifest: new Uint8Array(packChunkRef(previous.ref)),
              pages: previous.manifest.pages.map((page, index) => ({
                ref: new Uint8Array(packChunkRef(page.ref)),
                location: previous.locations[index] as (typeof previous.locations)[number],
                entryCount: page.entryCount,
              })),
            },
      statCachePath,
    }
    return new Promise((resolve, reject) => {
      const scanner = scannerThreads.take()
      this.#scanner = scanner
      scanner.onDeath = reject
      scanner.onMessage = (message) => {
        switch (message.t) {
          case 'warning':
            this.#warn([message.warning])
            return
          case 'failed':
            return reject(scanFailure(message))
          case 'end':
            this.#options.run.progress({ totalItems: message.entries, totalBytes: message.toReadBytes })
            this.#scanner = null
            scannerThreads.giveBack(scanner)
            return resolve()
          case 'page':
            this.#start(message, reject)
        }
      }
      scanner.tell(data)
    })
  }

  #start(page: ScannedPage, reject: (error: unknown) => void): void {
    const place = this.#pages.push(null) - 1
    const work = this.#store(page, place).then(() => {
      this.#work.delete(work) // one that failed stays, for the end to find
      Atomics.add(this.#credits, 0, 1)
      Atomics.notify(this.#credits, 0)
    })
    this.#work.add(work)
    work.catch(reject)
  }

  async #store(page: ScannedPage, place: number): Promise<void> {
    const { session, encoders, archive, previous } = this.#options
    const known = unpackChunkRefs(page.known)
    const before = page.sameAs < 0 ? undefined : previous?.manifest.pages[page.sameAs]
    const missing =
      known.length === 0 && before === undefined ? [] : await session.pin(before === undefined ? known : [...known, before.ref])
    if (
      before !== undefined &&
      page.entryCount === before.entryCount &&
      page.toRead.length === 0 &&
      missing.length === 0 &&
      this.#keepsForm()
    ) {
      session.coverPage(before.ref)
      this.#pages[place] = { summary: before, bodyBytes: page.bodyBytes, stats: page.stats }
      this.#progress(page.entryCount, 0)
      return
    }
    const toRead = missing.length === 0 ? page.toRead : [...page.toRead, ...this.#lost(page, known, missing)]
    const read: FileRead[] = []
    await Promise.all(
      batches(toRead).map(async (files) => {
        const result = await encoders.submit<'files'>({ kind: 'files', files })
        read.push(...result.read)
        this.#warn(result.warnings)
        this.#progress(files.length, result.readBytes)
      }),
    )
    const { entries, stats, padIn } = page
    const captured = capturedPage(await encoders.submit<'page'>({ kind: 'page', entries, stats, read, padIn, archive }))
    if (captured !== null) session.coverPage(captured.summary.ref)
    this.#pages[place] = captured
    this.#progress(page.entryCount - toRead.length, 0)
  }

  /** Files that did not change, but of which a chunk is no longer in the repository. */
  #lost(page: ScannedPage, known: readonly ChunkRef[], missing: readonly number[]): FileToRead[] {
    const lost = new Set(missing.map((place) => known[place]?.id.toString('latin1')))
    return decodePage(page.entries).flatMap((entry, index) =>
      entry.chunks.some((chunk) => lost.has(chunk.id.toString('latin1')))
        ? [
            {
              index,
              full: toText(fullPath(this.#options.root.roots, entry.path)),
              path: toText(entry.path),
              sizeBytes: entry.sizeBytes,
              hint: toText(packChunkRefs(entry.chunks)),
            },
          ]
        : [],
    )
  }

  /** Summaries of earlier pages hold only for archives of the same form. */
  #keepsForm(): boolean {
    const { previous, archive } = this.#options
    return previous !== null && previous.manifest.archivePrefix === archive.prefix && previous.manifest.form === archive.form
  }

  #warn(warnings: readonly CaptureWarning[]): void {
    for (const warning of warnings) {
      if (this.#warnings.length < warningsMax) this.#warnings.push(warning)
      else this.#unlisted += 1
    }
  }

  #progress(items: number, bytes: number): void {
    this.#doneItems += items
    this.#doneBytes += bytes
    this.#options.run.progress({ doneItems: this.#doneItems, doneBytes: this.#doneBytes })
  }
}

function batches(files: readonly FileToRead[]): FileToRead[][] {
  const result: FileToRead[][] = []
  let batch: FileToRead[] = []
  let bytes = 0
  for (const file of files) {
    if (file.sizeBytes > batchBytes) {
      result.push([file])
      continue
    }
    if (batch.length > 0 && (bytes + file.sizeBytes > batchBytes || batch.length >= batchFiles)) {
      result.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(file)
    bytes += file.sizeBytes
  }
  if (batch.length > 0) result.push(batch)
  return result
}

/** What an errno of the scan means: the root is gone or closed to us. */
function scanFailure(message: Extract<FromScanner, { t: 'failed' }>): Error {
  const errno = /^(ENOENT|EACCES|EPERM|ENOTDIR|EIO|ESTALE|ELOOP)\b/.exec(message.failure.message)
  if (errno === null) return threadFailure(message.failure, message.stack)
  return new Failure('ENVIRONMENT_UNREACHABLE', `Cannot read the environment: ${message.failure.message}`, { retry: 'later' })
}
