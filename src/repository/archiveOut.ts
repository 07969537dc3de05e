import { setImmediate } from 'node:timers/promises'
import { encodeGlue } from '../archive/glue.ts'
import { gzipHeader, gzipTrailer } from '../archive/gzip.ts'
import { Failure } from '../base/failure.ts'
import { planSpans, refsOf, type Segment, type Span, wrongLength, writeSpan } from './archiveSpans.ts'
import { inOrder } from './inOrder.ts'
import type { RepositoryKey } from './keys.ts'
import { lastGlue } from './manifest.ts'
import type { ArchiveForm } from './pageSummary.ts'
import { type ChunkSource, locatedPages, readPage } from './readEntries.ts'
import { type SpanThreads, spanThreads } from './spanThreads.ts'
import type { ChunkLocation, ChunkRef, Manifest, PageSummary } from './types.ts'

export { entriesOf, readEntryBody, readSection, withBodies } from './readEntries.ts'

/** The part of a repository that an archive needs. With the last two, big reads are put together in threads of their own. */
export interface ArchiveSource extends ChunkSource {
  readFragment(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer>
  directory?: string
  keys?: { key: RepositoryKey }
}

export interface ByteRange {
  start: number
  endInclusive: number
}

export interface ArchiveOut {
  /** Of the whole archive, exact */
  lengthBytes: number
  /** Strong, without quotes */
  etag: string
  modifiedAt: Date
  /**
   * The bytes of the archive, or of a range within it, in pieces of about a megabyte; any part of any two reads is equal.
   * A range reads the pages that it touches and no other.
   *
   * @throws {Failure} CHUNK_DAMAGED, CHUNK_MISSING, MANIFEST_DAMAGED, also in the middle: what came before must not end as
   * if it were whole. The signal's reason once it was given.
   */
  read(range?: ByteRange, signal?: AbortSignal): AsyncIterable<Buffer>
}

/** One element as the archive that was promised at its commit: nothing is compressed again, nothing is kept in memory. */
export function openArchive(source: ArchiveSource, manifest: Manifest): ArchiveOut {
  const lengthBytes = manifest.archiveLength
  return {
    lengthBytes,
    etag: manifest.etag,
    modifiedAt: new Date(manifest.madeAt),
    read(range = { start: 0, endInclusive: lengthBytes - 1 }, signal) {
      const { start, endInclusive } = range
      if (
        !Number.isSafeInteger(start) ||
        !Number.isSafeInteger(endInclusive) ||
        start < 0 ||
        endInclusive < start ||
        endInclusive >= lengthBytes
      ) {
        throw new Error(`the range ${start}-${endInclusive} is not within an archive of ${lengthBytes} bytes`)
      }
      return readRange(source, manifest, start, endInclusive + 1, signal)
    },
  }
}

/** From here on threads pay: their start costs 30 ms, and a megabyte 5 ms. */
const threadedBytes = 4 << 20
const pagesAhead = 3
const lookupsAhead = 2
/** Glue counts too: a look-up is of some 1000 fragments at most */
const lookupSegmentsMax = 2000
const fragmentsAhead = 8

type LocatedSpan = Span & { locations: ChunkLocation[] }

async function* readRange(
  source: ArchiveSource,
  manifest: Manifest,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted()
  // What lies in the range, of bytes that stand at `at` in the archive
  const cut = (bytes: Buffer, at: number): Buffer => bytes.subarray(Math.max(0, from - at), Math.max(0, to - at))
  if (from < gzipHeader.length) yield cut(gzipHeader, 0)
  const threads = to - from < threadedBytes ? undefined : spanThreadsFor(source)
  const make = (span: LocatedSpan): Promise<readonly [Buffer, LocatedSpan]> => makeSpan(source, threads, span)
  let at = gzipHeader.length
  for await (const [bytes, span] of inOrder(
    spansOf(source, manifest, from, to),
    make,
    threads === undefined ? 1 : threads.width,
  )) {
    signal?.throwIfAborted()
    at = span.startsAt ?? at
    const part = cut(bytes, at)
    at += bytes.length
    if (span.endsAt !== undefined && span.endsAt !== at) throw wrongLength(at, span.endsAt)
    if (part.length > 0) yield part
  }
  const tail = tailOf(manifest)
  const tailAt = manifest.archiveLength - tail.length
  if (to > tailAt) yield cut(tail, tailAt)
}

/** The spans that touch the range, with the places of their fragments; the next pages are fetched while one is in use. */
async function* spansOf(
  source: ArchiveSource,
  manifest: Manifest,
  from: number,
  to: number,
): AsyncGenerator<LocatedSpan, void, undefined> {
  const archive: ArchiveForm = { prefix: manifest.archivePrefix, form: manifest.form }
  const plan = async ([page, location]: readonly [PlacedPage, ChunkLocation | undefined]): Promise<Span[]> =>
    planSpans(await readPage(source, page, location), page, archive, page.at, from, to)
  const pages = inOrder(locatedPages(source, pagesWithin(manifest, from, to)), plan, pagesAhead)
  for await (const spans of inOrder(lookupsOf(pages), (group) => locateSpans(source, group), lookupsAhead)) yield* spans
}

/** Spans that are looked up together: those of one page, or as many as make one query. */
async function* lookupsOf(pages: AsyncIterable<Span[]>): AsyncGenerator<Span[], void, undefined> {
  for await (const spans of pages) {
    let group: Span[] = []
    let segments = 0
    for (const span of spans) {
      if (group.length > 0 && segments + span.segments.length > lookupSegmentsMax) {
        yield group
        group = []
        segments = 0
      }
      group.push(span)
      segments += span.segments.length
    }
    yield group
  }
}

async function locateSpans(source: ArchiveSource, spans: readonly Span[]): Promise<LocatedSpan[]> {
  const refs = spans.map((span) => refsOf(span.segments))
  const locations = await source.locate(refs.flat())
  let used = 0
  return spans.map((span, index) => {
    const begin = used
    used += refs[index]?.length ?? 0
    return { ...span, locations: locations.slice(begin, used) }
  })
}

type PlacedPage = PageSummary & { at: number }

function pagesWithin(manifest: Manifest, from: number, to: number): PlacedPage[] {
  const within: PlacedPage[] = []
  let at = gzipHeader.length
  for (const page of manifest.pages) {
    if (at >= to) break
    if (at + page.archiveLength > from) within.push({ ...page, at })
    at += page.archiveLength
  }
  return within
}

async function makeSpan(
  source: ArchiveSource,
  threads: SpanThreads | undefined,
  span: LocatedSpan,
): Promise<readonly [Buffer, LocatedSpan]> {
  if (threads !== undefined) {
    try {
      return [await threads.make(span.segments, span.locations), span]
    } catch (error) {
      // The pack was repacked after the look-up: the repository looks again.
      if (!(error instanceof Failure) || error.code !== 'CHUNK_MISSING') throw error
      return [await makeHere(source, span.segments, []), span]
    }
  }
  return [await makeHere(source, span.segments, span.locations), span]
}

async function makeHere(
  source: ArchiveSource,
  segments: readonly Segment[],
  locations: readonly ChunkLocation[],
): Promise<Buffer> {
  const fragments: Buffer[] = []
  const read = ([index, ref]: readonly [number, ChunkRef]): Promise<Buffer> => source.readFragment(ref, locations[index])
  for await (const fragment of inOrder(refsOf(segments).entries(), read, fragmentsAhead)) fragments.push(fragment)
  await setImmediate() // a source that answers at once must not hold up everybody else
  let next = 0
  return writeSpan(segments, () => fragments[next++] ?? Buffer.alloc(0))
}

function spanThreadsFor(source: ArchiveSource): SpanThreads | undefined {
  return source.directory === undefined || source.keys === undefined ? undefined : spanThreads(source.directory, source.keys.key)
}

function tailOf(manifest: Manifest): Buffer {
  const last = lastGlue(manifest.form, manifest.pages)
  const trailer = gzipTrailer(manifest.archiveCrc, manifest.archiveRawLength)
  return last.length === 0 ? trailer : Buffer.concat([encodeGlue(last), trailer])
}
