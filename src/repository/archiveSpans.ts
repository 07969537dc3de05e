import { encodeGlue, encodeGlueInto, glueLengthMax } from '../archive/glue.ts'
import { Failure } from '../base/failure.ts'
import { type ArchiveForm, glueBefore, padAfter } from './pageSummary.ts'
import type { ChunkRef, PageSummary, StoredEntry } from './types.ts'

/** A piece of an archive: glue as plain bytes, encoded when it is sent, or a stored fragment. */
export type Segment = Buffer | ChunkRef

/** Neighbouring segments that are made at one go, about a megabyte. */
export interface Span {
  segments: Segment[]
  /** Where the span begins and ends in the archive, as far as that is known without encoding glue */
  startsAt: number | undefined
  endsAt: number | undefined
}

/**
 * The segments of one page that hold the archive bytes `from` to `to` (exclusive), as spans. The first knows where it begins,
 * the last where it ends. For a whole page no glue is encoded here; for a part, a table of prefix sums tells which segments it touches.
 *
 * @param pageAt where the page begins in the archive
 * @throws {Failure} MANIFEST_DAMAGED when the entries do not make the length that the root says
 */
export function planSpans(
  entries: readonly StoredEntry[],
  page: PageSummary,
  archive: ArchiveForm,
  pageAt: number,
  from: number,
  to: number,
): Span[] {
  const segments = segmentsOf(entries, page.padIn, archive)
  const pageEnd = pageAt + page.archiveLength
  if (from <= pageAt && to >= pageEnd) return cutSpans(segments, pageAt, pageEnd)
  const ends = new Float64Array(segments.length)
  let at = pageAt
  for (const [index, segment] of segments.entries()) {
    at += Buffer.isBuffer(segment) ? encodeGlue(segment).length : segment.encLen
    ends[index] = at
  }
  if (at !== pageEnd) throw wrongLength(at, pageEnd)
  const first = placeOf(ends, from)
  const last = placeOf(ends, to - 1)
  return cutSpans(segments.slice(first, last + 1), ends[first - 1] ?? pageAt, ends[last] as number)
}

/**
 * Puts a span together; `fragment` is asked for each fragment in order, and its result used at once.
 *
 * @throws {Failure} CHUNK_DAMAGED when a fragment has another length than the page says
 */
export function writeSpan(segments: readonly Segment[], fragment: (ref: ChunkRef) => Uint8Array): Buffer {
  const out = Buffer.allocUnsafeSlow(
    segments.reduce((sum, one) => sum + (Buffer.isBuffer(one) ? glueLengthMax(one.length) : one.encLen), 0),
  )
  let at = 0
  for (const segment of segments) {
    if (Buffer.isBuffer(segment)) {
      at = encodeGlueInto(segment, out, at)
    } else {
      const bytes = fragment(segment)
      if (bytes.length !== segment.encLen) throw wrongFragment(segment, bytes.length)
      out.set(bytes, at)
      at += bytes.length
    }
  }
  return out.subarray(0, at)
}

export function refsOf(segments: readonly Segment[]): ChunkRef[] {
  return segments.filter((segment): segment is ChunkRef => !Buffer.isBuffer(segment))
}

export function wrongLength(found: number, wanted: number): Failure {
  return new Failure('MANIFEST_DAMAGED', `Cannot read an archive: a page ends at byte ${found} instead of ${wanted}`)
}

function wrongFragment(ref: ChunkRef, found: number): Failure {
  const name = ref.id.toString('hex', 0, 6)
  return new Failure('CHUNK_DAMAGED', `Cannot read chunk ${name}: its fragment has ${found} bytes instead of ${ref.encLen}`)
}

const spanBytes = 1 << 20
/** Bounds the time that one span takes where it is made on the event loop: about 4 µs a header */
const spanSegments = 1024

function segmentsOf(entries: readonly StoredEntry[], padIn: number, archive: ArchiveForm): Segment[] {
  const prefix = Buffer.from(archive.prefix)
  const segments: Segment[] = []
  let pad = padIn
  for (const entry of entries) {
    const glue = glueBefore(entry, pad, archive.form, prefix)
    if (glue.length > 0) segments.push(glue)
    for (const chunk of entry.chunks) segments.push(chunk) // a spread of a hundred thousand is more than the stack holds
    pad = padAfter(entry, archive.form)
  }
  return segments
}

function cutSpans(segments: readonly Segment[], startsAt: number, endsAt: number): Span[] {
  const spans: Span[] = []
  let span: Segment[] = []
  let bytes = 0
  for (const segment of segments) {
    span.push(segment)
    bytes += Buffer.isBuffer(segment) ? 128 : segment.encLen
    if (bytes < spanBytes && span.length < spanSegments) continue
    spans.push({ segments: span, startsAt: spans.length === 0 ? startsAt : undefined, endsAt: undefined })
    span = []
    bytes = 0
  }
  spans.push({ segments: span, startsAt: spans.length === 0 ? startsAt : undefined, endsAt })
  return spans
}

/** The first segment that ends behind this byte. */
function placeOf(ends: Float64Array, byte: number): number {
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) > byte) high = middle
    else low = middle + 1
  }
  return low
}
