/** Lengths of chunks in bytes; `avg` is a power of two. */
export interface ChunkClass {
  min: number
  avg: number
  max: number
}

/** Recorded in repo.json and in every manifest; another set of numbers gets another name. */
export const chunkerName = 'fastcdc-gear32-1'

export const chunkClasses = {
  file: { min: 64 << 10, avg: 256 << 10, max: 1 << 20 },
  large: { min: 256 << 10, avg: 1 << 20, max: 4 << 20 },
  sql: { min: 16 << 10, avg: 64 << 10, max: 256 << 10 },
} as const satisfies Record<string, ChunkClass>

export const wholeFileMax = 64 << 10
const largeFileMin = 64 << 20
/** No chunk is longer than this. */
export const chunkMax = chunkClasses.large.max

export function chunkClassOf(fileBytes: number): ChunkClass {
  return fileBytes >= largeFileMin ? chunkClasses.large : chunkClasses.file
}

/**
 * Length of the first chunk of `bytes[from, to)`, or -1 when more bytes are needed to tell. With `last`, `to` is the end of
 * the stream. FastCDC with a 32-bit gear and normalisation 2: harder to cut before the average, easier behind it. The masks
 * stand in the high bits, where a left-shifting gear keeps its window of 32 bytes.
 */
export function cutChunk(gear: Int32Array, bytes: Uint8Array, from: number, to: number, size: ChunkClass, last: boolean): number {
  const have = to - from
  if (have <= 0) return last ? 0 : -1
  if (!last && have < size.max) return -1
  const limit = Math.min(have, size.max)
  if (limit <= size.min) return limit
  const bits = 31 - Math.clz32(size.avg)
  const hard = 0xffffffff << (32 - (bits + 2))
  const easy = 0xffffffff << (32 - (bits - 2))
  const normal = Math.min(size.avg, limit)
  let end = findCut(gear, bytes, from + size.min, from + normal, hard, 0)
  if (end < 0) end = findCut(gear, bytes, from + normal, from + limit, easy, hashBehind)
  return end < 0 ? limit : end - from
}

/** The hash where the last `findCut` found nothing */
let hashBehind = 0

/** The place behind the first byte of `[at, end)` after which the hash has no bit of the mask, or -1. */
function findCut(gear: Int32Array, bytes: Uint8Array, at: number, end: number, mask: number, hash: number): number {
  // four bytes a turn: a third less time
  for (const stop = end - 3; at < stop; at += 4) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 1
    hash = ((hash << 1) + (gear[bytes[at + 1] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 2
    hash = ((hash << 1) + (gear[bytes[at + 2] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 3
    hash = ((hash << 1) + (gear[bytes[at + 3] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 4
  }
  for (; at < end; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 1
  }
  hashBehind = hash
  return -1
}

/** Lengths of all chunks of a body that is here whole; a body of at most 64 KiB is one chunk, an empty one none. */
export function cutWhole(gear: Int32Array, bytes: Uint8Array, from: number, to: number): number[] {
  if (to - from <= wholeFileMax) return to === from ? [] : [to - from]
  const size = chunkClassOf(to - from)
  const lengths: number[] = []
  for (let at = from; at < to;) {
    const length = cutChunk(gear, bytes, at, to, size, true)
    lengths.push(length)
    at += length
  }
  return lengths
}
