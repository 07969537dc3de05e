import { type BigIntStats, closeSync, fstatSync } from 'node:fs'
import { chunkClassOf, cutChunk, cutWhole } from '../../repository/chunker.ts'
import { chunkRefBytes, unpackChunkRefs } from '../../repository/chunkRef.ts'
import { looksCompressed } from '../../repository/fragment.ts'
import { blobTypes } from '../../repository/keys.ts'
import type { ChunkStore } from '../../repository/threads/chunkStore.ts'
import {
  type ByteText,
  type CaptureWarning,
  type EncoderResults,
  type FileRead,
  type FileToRead,
  fromText,
  toText,
} from './messages.ts'
import { changing, isUnchanged, openForReading, readInto, shownPath } from './readFile.ts'
import { type Asker, type RawChunk, storeChunks } from './storeChunks.ts'

const attemptsMax = 3

/** Memory that one job reads into; grows for files with long chunks. */
export class Slot {
  bytes: Buffer

  constructor(bytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytes)
  }

  atLeast(bytes: number): Buffer {
    if (this.bytes.length < bytes) this.bytes = Buffer.allocUnsafeSlow(bytes)
    return this.bytes
  }
}

interface Context {
  store: ChunkStore
  ask: Asker
  slot: Slot
  batchBytes: number
  warnings: CaptureWarning[]
}

/** Reads and stores files: many small ones with one look-up, or one that is longer than a batch. */
export async function encodeFiles(
  context: Omit<Context, 'warnings'>,
  files: readonly FileToRead[],
): Promise<EncoderResults['files']> {
  const whole: Context = { ...context, warnings: [] }
  const [first] = files
  const read =
    files.length === 1 && first !== undefined && first.sizeBytes > context.batchBytes
      ? [await encodeLong(whole, first)]
      : await encodeSmall(whole, files)
  const readBytes = read.reduce((sum, file) => sum + (file.stat?.sizeBytes ?? 0), 0)
  return { read, warnings: whole.warnings, readBytes }
}

interface SmallFile {
  file: FileToRead
  stat: BigIntStats
  from: number
  to: number
}

async function encodeSmall(context: Context, files: readonly FileToRead[]): Promise<FileRead[]> {
  const { store, ask, slot } = context
  // room for files that grew a little since they were seen; one that outgrows it is read by itself
  const space = slot.atLeast(context.batchBytes + (256 << 10))
  const here: SmallFile[] = []
  const result: FileRead[] = []
  const grown: FileToRead[] = []
  let at = 0
  for (const file of files) {
    const read = readWhole(context, file, space, at)
    if (read === 'left-out') result.push(leftOut(file))
    else if (read === 'too-long') grown.push(file)
    else {
      here.push({ file, stat: read.stat, from: at, to: read.end })
      at = read.end
    }
  }
  const same = await takeOver(context, here)
  const chunks: RawChunk[] = []
  const counts: number[] = []
  here.forEach(({ file, from, to }, index) => {
    if (same.has(index)) return void counts.push(0)
    const lengths = cutWhole(store.keys.gear, space, from, to)
    counts.push(lengths.length)
    const probe = looksCompressed(file.path)
    let start = from
    for (const length of lengths) {
      chunks.push({ raw: space.subarray(start, start + length), probe })
      start += length
    }
  })
  const refs = await storeChunks(store, ask, blobTypes.data, chunks)
  let taken = 0
  here.forEach(({ file, stat, from, to }, index) => {
    const own = counts[index] as number
    const packed = refs.subarray(taken * chunkRefBytes, (taken + own) * chunkRefBytes)
    taken += own
    result.push({ index: file.index, refs: same.get(index) ?? toText(packed), stat: statOf(stat, to - from) })
  })
  for (const file of grown) result.push(await encodeLong(context, file))
  return result
}

/** Reads a file until it held still; a file that never does is kept as it was read last, with a warning. */
function readWhole(
  context: Context,
  file: FileToRead,
  space: Buffer,
  at: number,
): { stat: BigIntStats; end: number } | 'left-out' | 'too-long' {
  for (let attempt = 1; ; attempt++) {
    const opened = openForReading(file)
    if ('warning' in opened) {
      context.warnings.push(opened.warning)
      return 'left-out'
    }
    try {
      if (opened.stat.size > space.length - at) return 'too-long'
      const end = at + readInto(opened.fd, space, at, space.length)
      const after = fstatSync(opened.fd, { bigint: true })
      if (isUnchanged(opened.stat, after) && BigInt(end - at) === after.size) return { stat: after, end }
      if (end === space.length) return 'too-long'
      if (attempt < attemptsMax) continue
      context.warnings.push(changing(shownPath(file)))
      return { stat: after, end }
    } finally {
      closeSync(opened.fd)
    }
  }
}

/**
 * Files whose stat changed but not their size are first hashed along their old chunks: where all ids match, there is
 * nothing to cut and nothing to look up. The chunks still have to be pinned.
 */
async function takeOver(context: Context, files: readonly SmallFile[]): Promise<Map<number, ByteText>> {
  const space = context.slot.bytes
  const matching: { index: number; hint: ByteText }[] = []
  files.forEach(({ file, from, to }, index) => {
    if (file.hint === '') return
    let at = from
    for (const ref of unpackChunkRefs(fromText(file.hint))) {
      if (at + ref.rawLen > to || !context.store.keys.chunkId(space.subarray(at, at + ref.rawLen)).equals(ref.id)) return
      at += ref.rawLen
    }
    if (at === to) matching.push({ index, hint: file.hint })
  })
  return pinHints(context, matching)
}

async function pinHints(context: Context, matching: { index: number; hint: ByteText }[]): Promise<Map<number, ByteText>> {
  const same = new Map(matching.map(({ index, hint }) => [index, hint]))
  if (matching.length === 0) return same
  const refs = fromText(matching.map(({ hint }) => hint).join(''))
  const missing = new Set(await context.ask.pin({ kind: 'pin', refs: new Uint8Array(refs) }))
  let place = 0
  for (const { index, hint } of matching) {
    const count = hint.length / chunkRefBytes
    for (let i = place; i < place + count; i++) if (missing.has(i)) same.delete(index)
    place += count
  }
  return same
}

/** One long file, read through the slot as through a window. */
async function encodeLong(context: Context, file: FileToRead): Promise<FileRead> {
  for (let attempt = 1; ; attempt++) {
    const opened = openForReading(file)
    if ('warning' in opened) {
      context.warnings.push(opened.warning)
      return leftOut(file)
    }
    try {
      const refs = await storeOpened(context, file, opened)
      const after = fstatSync(opened.fd, { bigint: true })
      const sizeBytes = unpackChunkRefs(refs).reduce((sum, ref) => sum + ref.rawLen, 0)
      const still = isUnchanged(opened.stat, after) && BigInt(sizeBytes) === after.size
      if (!still && attempt < attemptsMax) continue
      if (!still) context.warnings.push(changing(shownPath(file)))
      return { index: file.index, refs: toText(refs), stat: statOf(after, sizeBytes) }
    } finally {
      closeSync(opened.fd)
    }
  }
}

async function storeOpened(context: Context, file: FileToRead, opened: { fd: number; stat: BigIntStats }): Promise<Uint8Array> {
  if (file.hint !== '' && Number(opened.stat.size) === file.sizeBytes) {
    const same = await takeOverLong(context, file, file.hint)
    if (same !== null) return same
  }
  const { store, ask } = context
  const size = chunkClassOf(Number(opened.stat.size))
  const window = Math.max(context.batchBytes, size.max * 2)
  const space = context.slot.atLeast(window)
  const probe = looksCompressed(file.path)
  const refs: Buffer[] = []
  let have = 0
  for (let last = false; !last || have > 0;) {
    const read = readInto(opened.fd, space, have, window)
    have += read
    last = have < window
    const chunks: RawChunk[] = []
    let at = 0
    for (;;) {
      const length = cutChunk(store.keys.gear, space, at, have, size, last)
      if (length <= 0) break
      chunks.push({ raw: space.subarray(at, at + length), probe })
      at += length
    }
    refs.push(await storeChunks(store, ask, blobTypes.data, chunks))
    space.copyWithin(0, at, have)
    have -= at
  }
  return Buffer.concat(refs)
}

/** Null when the content is another one. Reads through a handle of its own, so that the other starts at the beginning. */
async function takeOverLong(context: Context, file: FileToRead, hint: ByteText): Promise<Uint8Array | null> {
  const opened = openForReading(file)
  if ('warning' in opened) return null
  try {
    const { keys } = context.store
    for (const ref of unpackChunkRefs(fromText(hint))) {
      const space = context.slot.atLeast(ref.rawLen)
      if (readInto(opened.fd, space, 0, ref.rawLen) !== ref.rawLen) return null
      if (!keys.chunkId(space.subarray(0, ref.rawLen)).equals(ref.id)) return null
    }
    if (readInto(opened.fd, context.slot.bytes, 0, 1) !== 0) return null
  } finally {
    closeSync(opened.fd)
  }
  return (await pinHints(context, [{ index: 0, hint }])).has(0) ? fromText(hint) : null
}

function statOf(stat: BigIntStats, sizeBytes: number): NonNullable<FileRead['stat']> {
  const { mtimeNs, ctimeNs, ino } = stat
  return { sizeBytes, mtimeNs, mode: Number(stat.mode & 0o7777n), uid: Number(stat.uid), gid: Number(stat.gid), ino, ctimeNs }
}

function leftOut(file: FileToRead): FileRead {
  return { index: file.index, refs: '', stat: null }
}
