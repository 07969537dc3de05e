import { encodeGlueInto, glueLengthMax } from '../archive/glue.ts'
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
 * the last where it ends. For a whole page no glue is encoded here; for a part, as much as lies between it and the nearer end
 * of the page.
 *
 * @param pageAt where the page begins in the archive
 * @throws {Failure} MANIFEST_DAMAGED when the entries do not reach the part that the root says they hold
 */
export function planSpans(
  entries: readonly StoredEntry[],
  page: PageSummary,
  archive: ArchiveForm,
  pageAt: number,
  from: number,
  to: number,
): Span[] {
  const pageEnd = pageAt + page.archiveLength
  const inPage = new SegmentsOfPage(entries, page.padIn, archive)
  if (from <= pageAt && to >= pageEnd) return cutSpans(inPage.all(), pageAt, pageEnd)
  return from - pageAt <= pageEnd - to ? forwards(inPage, pageAt, from, to) : backwards(inPage, pageEnd, from, to)
}

function forwards(inPage: SegmentsOfPage, pageAt: number, from: number, to: number): Span[] {
  const touched: Segment[] = []
  let startsAt = pageAt
  let at = pageAt
  for (let index = 0; index < inPage.count && at < to; index++) {
    for (const segment of inPage.of(index)) {
      if (at >= to) break
      const end = at + lengthOf(segment)
      if (end <= from) startsAt = end
      else touched.push(segment)
      at = end
    }
  }
  if (at < to) throw wrongLength(at, to)
  return cutSpans(touched, startsAt, at)
}

function backwards(inPage: SegmentsOfPage, pageEnd: number, from: number, to: number): Span[] {
  const touched: Segment[] = []
  let endsAt = pageEnd
  let at = pageEnd
  for (let index = inPage.count - 1; index >= 0 && at > from; index--) {
    const segments = inPage.of(index)
    for (let place = segments.length - 1; place >= 0 && at > from; place--) {
      const segment = segments[place] as Segment
      const start = at - lengthOf(segment)
      if (start >= to) endsAt = start
      else touched.push(segment)
      at = start
    }
  }
  if (at > from) throw wrongLength(at, from)
  return cutSpans(touched.reverse(), at, endsAt)
}

/**
 * Puts a span together; `fragment` is asked for each fragment in order, and its result used at once.
 *
 * @throws {Failure} CHUNK_DAMAGED when a fragment has another length than the page says
 */
export function writeSpan(segments: readonly Segment[], fragment: (ref: ChunkRef) => Uint8Array): Buffer {
  const out = Buffer.allocUnsafeSlow(
    segments.reduce((sum, one) => sum + (isGlue(one) ? glueLengthMax(one.length) : one.encLen), 0),
  )
  let at = 0
  for (const segment of segments) {
    if (isGlue(segment)) {
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
  return segments.filter((segment): segment is ChunkRef => !isGlue(segment))
}

export function wrongLength(found: number, wanted: number): Failure {
  return new Failure('MANIFEST_DAMAGED', `Cannot read an archive: a page ends at byte ${found} instead of ${wanted}`)
}

function wrongFragment(ref: ChunkRef, found: number): Failure {
  const name = ref.id.toString('hex', 0, 6)
  return new Failure('CHUNK_DAMAGED', `Cannot read chunk ${name}: its fragment has ${found} bytes instead of ${ref.encLen}`)
}

/** A tenth of what `Buffer.isBuffer` takes */
function isGlue(segment: Segment): segment is Buffer {
  return segment instanceof Uint8Array
}

const spanBytes = 1 << 20
/** Bounds the time that one span takes where it is made on the event loop: about 4 µs a header */
const spanSegments = 1024

/** What one page holds, entry by entry, from any of them. */
class SegmentsOfPage {
  readonly #entries: readonly StoredEntry[]
  readonly #padIn: number
  readonly #form: ArchiveForm['form']
  readonly #prefix: Buffer

  constructor(entries: readonly StoredEntry[], padIn: number, archive: ArchiveForm) {
    this.#entries = entries
    this.#padIn = padIn
    this.#form = archive.form
    this.#prefix = Buffer.from(archive.prefix)
  }

  get count(): number {
    return this.#entries.length
  }

  of(index: number): readonly Segment[] {
    const entry = this.#entries[index] as StoredEntry
    const before = this.#entries[index - 1]
    const pad = before === undefined ? this.#padIn : padAfter(before, this.#form)
    const glue = glueBefore(entry, pad, this.#form, this.#prefix)
    return glue.length > 0 ? [glue, ...entry.chunks] : entry.chunks
  }

  all(): Segment[] {
    const segments: Segment[] = []
    for (let index = 0; index < this.count; index++) {
      for (const segment of this.of(index)) segments.push(segment) // a spread of a hundred thousand is more than the stack holds
    }
    return segments
  }
}

/** In the archive */
function lengthOf(segment: Segment): number {
  if (!isGlue(segment)) return segment.encLen
  const room = glueLengthMax(segment.length)
  if (scratch.length < room) scratch = Buffer.allocUnsafe(room)
  return encodeGlueInto(segment, scratch, 0)
}

let scratch = Buffer.allocUnsafe(2048)

function cutSpans(segments: readonly Segment[], startsAt: number, endsAt: number): Span[] {
  const spans: Span[] = []
  let span: Segment[] = []
  let bytes = 0
  for (const segment of segments) {
    span.push(segment)
    bytes += isGlue(segment) ? 128 : segment.encLen
    if (bytes < spanBytes && span.length < spanSegments) continue
    spans.push({ segments: span, startsAt: spans.length === 0 ? startsAt : undefined, endsAt: undefined })
    span = []
    bytes = 0
  }
  spans.push({ segments: span, startsAt: spans.length === 0 ? startsAt : undefined, endsAt })
  return spans
}
