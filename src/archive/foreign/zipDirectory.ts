import type { RandomAccess } from './randomAccess.ts'
import { refuse } from './refuse.ts'
import { decodeZipName, findExtra } from './zipNames.ts'
import type { ForeignLimits } from './types.ts'

/** One member as the central directory says. */
export interface ZipMember {
  name: Buffer
  /** As it stands in both headers */
  rawName: Buffer
  flags: number
  method: number
  packedBytes: number
  sizeBytes: number
  crc: number
  headerAt: number
  /** Unix file type and mode; null when the writer knew none */
  unixMode: number | null
  mtimeNs: bigint
}

export interface ZipEnd {
  entries: number
  directoryAt: number
  directoryBytes: number
}

const endBytes = 22
const commentMax = 65_535
const unknown32 = 0xffffffff
const unknown16 = 0xffff

/** Finds the directory, which ends exactly where its end record begins. @throws {Failure} ARCHIVE_DAMAGED */
export async function findZipEnd(access: RandomAccess): Promise<ZipEnd> {
  const tailBytes = Math.min(access.sizeBytes, endBytes + commentMax)
  const tailAt = access.sizeBytes - tailBytes
  const tail = await access.read(tailAt, tailBytes)
  let at = tail.length - endBytes
  for (; at >= 0; at--) {
    if (tail.readUInt32LE(at) === 0x06054b50 && at + endBytes + tail.readUInt16LE(at + 20) === tail.length) break
  }
  if (at < 0) throw refuse('truncated', 'its directory is missing: it is cut off, or something follows behind its end')
  const end = {
    entries: tail.readUInt16LE(at + 10),
    directoryBytes: tail.readUInt32LE(at + 12),
    directoryAt: tail.readUInt32LE(at + 16),
  }
  if (tail.readUInt16LE(at + 4) !== 0 && tail.readUInt16LE(at + 4) !== unknown16) {
    throw refuse('unsupported', 'it is a part of an archive in several volumes')
  }
  const isLarge = end.entries === unknown16 || end.directoryBytes === unknown32 || end.directoryAt === unknown32
  const large = isLarge ? await findLargeEnd(access, tailAt + at) : null
  const found = large?.end ?? end
  if (found.directoryAt + found.directoryBytes !== (large?.at ?? tailAt + at)) {
    throw refuse('malformed', 'its directory does not stand where it should: something was put before or into it')
  }
  return found
}

/** The zip64 record, when a locator stands right before the end record. */
async function findLargeEnd(access: RandomAccess, endAt: number): Promise<{ end: ZipEnd; at: number } | null> {
  if (endAt < 20) return null
  const locator = await access.read(endAt - 20, 20)
  if (locator.readUInt32LE(0) !== 0x07064b50) return null
  const at = toNumber(locator.readBigUInt64LE(8))
  const record = await access.read(at, 56)
  if (record.length < 56 || record.readUInt32LE(0) !== 0x06064b50) throw refuse('malformed', 'its zip64 directory is missing')
  const end = {
    entries: toNumber(record.readBigUInt64LE(32)),
    directoryBytes: toNumber(record.readBigUInt64LE(40)),
    directoryAt: toNumber(record.readBigUInt64LE(48)),
  }
  return { end, at }
}

const windowBytes = 1 << 20

/** The members in the order of the directory, read through a window. @throws {Failure} ARCHIVE_DAMAGED */
export async function* readZipDirectory(
  access: RandomAccess,
  end: ZipEnd,
  limits: ForeignLimits,
): AsyncGenerator<ZipMember, void, undefined> {
  if (end.entries > limits.entriesMax) throw refuse('limit', `it has ${end.entries} members`)
  const directoryEnd = end.directoryAt + end.directoryBytes
  let window: Buffer = Buffer.alloc(0)
  let windowAt = end.directoryAt
  let at = end.directoryAt
  const need = async (bytes: number): Promise<Buffer> => {
    if (at + bytes > directoryEnd) throw refuse('malformed', 'its directory ends in the middle of a member')
    if (at + bytes > windowAt + window.length) {
      window = await access.read(at, Math.min(Math.max(bytes, windowBytes), directoryEnd - at))
      windowAt = at
    }
    return window.subarray(at - windowAt, at - windowAt + bytes)
  }
  for (let index = 0; index < end.entries; index++) {
    const head = await need(46)
    if (head.readUInt32LE(0) !== 0x02014b50) throw refuse('malformed', 'its directory holds something that is no member')
    const length = 46 + head.readUInt16LE(28) + head.readUInt16LE(30) + head.readUInt16LE(32)
    yield parseMember(await need(length))
    at += length
  }
  if (at !== directoryEnd) throw refuse('malformed', 'its directory holds more than it says')
}

function parseMember(head: Buffer): ZipMember {
  const rawName = Buffer.from(head.subarray(46, 46 + head.readUInt16LE(28)))
  const extra = head.subarray(46 + rawName.length, 46 + rawName.length + head.readUInt16LE(30))
  const system = head.readUInt8(5)
  const attributes = head.readUInt32LE(38) >>> 16
  const flags = head.readUInt16LE(8)
  const sizes = [head.readUInt32LE(24), head.readUInt32LE(20), head.readUInt32LE(42)]
  const large = findExtra(extra, 1)
  let largeAt = 0
  const [sizeBytes = 0, packedBytes = 0, headerAt = 0] = sizes.map((value) => {
    if (value !== unknown32) return value
    if (large === null || large.length < largeAt + 8) throw refuse('malformed', 'a size in its directory is missing')
    largeAt += 8
    return toNumber(large.readBigUInt64LE(largeAt - 8))
  })
  return {
    rawName,
    name: decodeZipName(rawName, flags, extra),
    flags,
    method: head.readUInt16LE(10),
    crc: head.readUInt32LE(16),
    sizeBytes,
    packedBytes,
    headerAt,
    unixMode: (system === 3 || system === 19) && attributes !== 0 ? attributes : null,
    mtimeNs: timeOf(head, extra),
  }
}

/** The extended timestamp where there is one (UTC); else the local time of DOS, read as UTC. */
function timeOf(head: Buffer, extra: Buffer): bigint {
  const stamp = findExtra(extra, 0x5455)
  if (stamp !== null && stamp.length >= 5 && ((stamp[0] as number) & 1) === 1)
    return BigInt(stamp.readInt32LE(1)) * 1_000_000_000n
  const time = head.readUInt16LE(12)
  const day = head.readUInt16LE(14)
  const ms = Date.UTC(
    1980 + (day >>> 9),
    Math.max(1, (day >>> 5) & 15) - 1,
    Math.max(1, day & 31),
    time >>> 11,
    (time >>> 5) & 63,
    (time & 31) * 2,
  )
  return BigInt(ms) * 1_000_000n
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse('limit', 'a number in its directory is beyond reason')
  return Number(value)
}
