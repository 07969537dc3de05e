import { packChunkRef, unpackChunkRef, unpackChunkRefs } from '../../repository/chunkRef.ts'
import { decodePage, encodePage, type PageEntry, summarizePage } from '../../repository/page.ts'
import type { ChunkStore } from '../../repository/threads/chunkStore.ts'
import { type ByteText, type EncoderJob, type FileRead, fromText, type PageResult } from './messages.ts'
import { readStatRecord, statRecordBytes, trustedCtime, writeStatRecord } from './statRecords.ts'
import { type Asker, storeBlob } from './storeChunks.ts'

/** Puts what was read into the entries of a page, stores the page and sums it up. Entries that were left out are gone. */
export async function encodePageJob(
  store: ChunkStore,
  ask: Asker,
  job: Extract<EncoderJob, { kind: 'page' }>,
  scanStartNs: bigint,
): Promise<PageResult> {
  const scanned = decodePage(job.entries)
  const scannedStats = Buffer.from(job.stats.buffer, job.stats.byteOffset, job.stats.length)
  const stats = Buffer.alloc(scanned.length * statRecordBytes)
  const read = new Map(job.read.map((file) => [file.index, file]))
  const entries: PageEntry[] = []
  scanned.forEach((entry, index) => {
    const file = read.get(index)
    if (file === undefined) {
      writeStatRecord(stats, entries.length, readStatRecord(scannedStats, index))
    } else {
      if (file.stat === null) return
      fill(entry, file.stat, file.refs)
      const ctimeNs = trustedCtime(file.stat.mtimeNs, file.stat.ctimeNs, scanStartNs)
      writeStatRecord(stats, entries.length, { ino: file.stat.ino, ctimeNs })
    }
    entries.push(entry)
  })
  const summary = summarizePage(entries, job.padIn, job.archive)
  const ref = entries.length === 0 ? null : await storeBlob(store, ask, 'page', encodePage(entries))
  return {
    ...summary,
    digest: new Uint8Array(summary.digest),
    ref: ref === null ? null : new Uint8Array(packChunkRef(unpackChunkRef(ref))),
    firstPath: new Uint8Array(entries[0]?.path ?? []),
    bodyBytes: entries.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    stats: new Uint8Array(stats.subarray(0, entries.length * statRecordBytes)),
  }
}

function fill(entry: PageEntry, stat: NonNullable<FileRead['stat']>, refs: ByteText): void {
  if (stat.uid !== entry.uid) entry.user = '' // names were looked up for the owner that the scan saw
  if (stat.gid !== entry.gid) entry.group = ''
  entry.uid = stat.uid
  entry.gid = stat.gid
  entry.mode = stat.mode
  entry.mtimeNs = stat.mtimeNs
  entry.sizeBytes = stat.sizeBytes
  entry.chunks = unpackChunkRefs(fromText(refs))
}
