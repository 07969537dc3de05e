import { padding } from '../../archive/glue.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'
import { packChunkRefs } from '../../repository/chunkRef.ts'
import { encodePage, isPageCut } from '../../repository/page.ts'
import type { ChunkRef, StoredEntry } from '../../repository/types.ts'
import { type FileToRead, type ScannedPage, toText } from './messages.ts'
import type { PreviousEntries, PreviousEntry } from './previousEntries.ts'
import { statRecordBytes, trustedCtime, writeStatRecord } from './statRecords.ts'

interface Options {
  previous: PreviousEntries | null
  /** Read every file, whatever its stat says */
  paranoid: boolean
  scanStartNs: bigint
}

/** Cuts a walk into pages, and says of each entry whether it is what the manifest before says. */
export class ScannedPages {
  readonly #options: Options
  readonly #send: (page: ScannedPage) => void
  #entries: StoredEntry[] = []
  #stats: { ino: bigint; ctimeNs: bigint }[] = []
  #toRead: FileToRead[] = []
  #known: ChunkRef[] = []
  #bodyBytes = 0
  /** The earlier page that all entries so far are equal to, from its first one on; -1 when there is none */
  #sameAs = -1
  #padIn = 0
  #total = 0
  #toReadBytes = 0

  constructor(options: Options, send: (page: ScannedPage) => void) {
    this.#options = options
    this.#send = send
  }

  add(walked: WalkedEntry): void {
    const { full, dev: _dev, ino, ctimeNs, ...entry } = walked
    const before = this.#options.previous?.at(entry.path) ?? null
    const index = this.#entries.length
    const stored: StoredEntry = { ...entry, chunks: [] }
    const chunks = entry.kind === 'file' ? this.#chunksOf(walked, before) : []
    if (chunks === null) {
      const hint =
        before !== null && before.entry.kind === 'file' && before.entry.sizeBytes === entry.sizeBytes ? before.entry.chunks : []
      this.#toRead.push({
        index,
        full: toText(full),
        path: toText(entry.path),
        sizeBytes: entry.sizeBytes,
        hint: toText(packChunkRefs(hint)),
      })
      this.#toReadBytes += entry.sizeBytes
    } else {
      stored.chunks = chunks
      for (const chunk of chunks) this.#known.push(chunk)
    }
    this.#followPage(stored, before, chunks !== null)
    this.#entries.push(stored)
    this.#stats.push({ ino, ctimeNs: trustedCtime(entry.mtimeNs, ctimeNs, this.#options.scanStartNs) })
    this.#bodyBytes += entry.sizeBytes
    if (isPageCut(entry.path, this.#entries.length, this.#bodyBytes)) this.#flush()
  }

  end(): { entries: number; toReadBytes: number } {
    this.#flush()
    return { entries: this.#total, toReadBytes: this.#toReadBytes }
  }

  /** The chunks of a file that did not change since the manifest before; null when it has to be read. */
  #chunksOf(walked: WalkedEntry, before: PreviousEntry | null): ChunkRef[] | null {
    if (before === null || before.stat === null || this.#options.paranoid) return null
    const { entry, stat } = before
    const same =
      stat.ctimeNs !== 0n &&
      stat.ctimeNs === walked.ctimeNs &&
      stat.ino === walked.ino &&
      entry.kind === 'file' &&
      entry.sizeBytes === walked.sizeBytes &&
      entry.mtimeNs === walked.mtimeNs
    return same ? entry.chunks : null
  }

  #followPage(now: StoredEntry, before: PreviousEntry | null, isKnown: boolean): void {
    const place = this.#entries.length
    const follows = before !== null && before.place === place && isKnown && isEqual(now, before.entry)
    if (place === 0) this.#sameAs = follows ? before.page : -1
    else if (!follows || before.page !== this.#sameAs) this.#sameAs = -1
  }

  #flush(): void {
    const count = this.#entries.length
    if (count === 0) return
    const stats = Buffer.alloc(count * statRecordBytes)
    this.#stats.forEach((record, place) => writeStatRecord(stats, place, record))
    this.#send({
      t: 'page',
      entries: new Uint8Array(encodePage(this.#entries)),
      stats: new Uint8Array(stats),
      entryCount: count,
      bodyBytes: this.#bodyBytes,
      padIn: this.#padIn,
      known: new Uint8Array(packChunkRefs(this.#known)),
      toRead: this.#toRead,
      sameAs: this.#sameAs,
    })
    const last = this.#entries[count - 1] as StoredEntry
    this.#padIn = last.kind === 'file' ? padding(last.sizeBytes) : 0
    this.#total += count
    this.#entries = []
    this.#stats = []
    this.#toRead = []
    this.#known = []
    this.#bodyBytes = 0
    this.#sameAs = -1
  }
}

/** Whether two entries say the same; their chunks are another matter. */
function isEqual(a: StoredEntry, b: StoredEntry): boolean {
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.mtimeNs === b.mtimeNs &&
    a.sizeBytes === b.sizeBytes &&
    a.secret === b.secret &&
    a.linkGroup === b.linkGroup &&
    a.target.equals(b.target)
  )
}
