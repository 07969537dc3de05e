import { crc32, createInflateRaw } from 'node:zlib'
import { decompress } from './engine.ts'
import { checkRatio } from './gunzip.ts'
import { parseForeignPath } from './paths.ts'
import { type RandomAccess, streamOf } from './randomAccess.ts'
import { refuse, shown } from './refuse.ts'
import { findZipEnd, readZipDirectory, type ZipMember } from './zipDirectory.ts'
import type { ForeignEntry, ForeignLimits, ForeignMember, ForeignOptions } from './types.ts'

const localBytes = 30
const none: Buffer = Buffer.alloc(0)
const encryptedFlags = 0x0001 | 0x0040 | 0x2000
const linkBytesMax = 4096
const types = { mask: 0o170000, file: 0o100000, directory: 0o040000, link: 0o120000 }

/**
 * Reads a zip that somebody else made, through its central directory, which is read twice: first to see that no two members
 * share bytes (what makes the small bombs), then for the bodies. Stored and deflated members, zip64, data descriptors.
 *
 * @throws {Failure} ARCHIVE_DAMAGED with `details.reason`
 */
export async function* readForeignZip(
  access: RandomAccess,
  options: ForeignOptions,
): AsyncGenerator<ForeignMember, void, undefined> {
  const { limits } = options
  const end = await findZipEnd(access)
  await requireApart(readZipDirectory(access, end, limits), end.entries, end.directoryAt, limits)
  const totals = { out: 0, in: 0 }
  for await (const member of readZipDirectory(access, end, limits)) {
    const name = shown(member.name)
    const path = parseForeignPath(member.name, limits)
    if ((member.flags & encryptedFlags) !== 0) throw refuse('unsupported', `${name} is encrypted`)
    if (member.method !== 0 && member.method !== 8) throw refuse('unsupported', `${name} is packed by method ${member.method}`)
    const kind = kindOf(member)
    const bodyAt = await findBody(access, member, end.directoryAt)
    if (kind === null) {
      options.onSkipped(path ?? none, 'a device or a FIFO')
      continue
    }
    if (kind !== 'file' && kind !== 'link' && member.sizeBytes !== 0)
      throw refuse('ambiguous', `${name} is a directory and has a body`)
    if (path === null) {
      if (kind !== 'directory') throw refuse('path', `the root of the archive is a ${kind}`)
      continue
    }
    const body = readBody(access, member, bodyAt, totals, limits)
    const mode = (member.unixMode ?? (kind === 'directory' ? 0o755 : 0o644)) & 0o777
    const entry: ForeignEntry = { path, kind, mode, mtimeNs: member.mtimeNs, sizeBytes: member.sizeBytes, target: none }
    if (kind === 'link') yield { entry: { ...entry, sizeBytes: 0, target: await readTarget(member, body) }, body: nothing() }
    else yield { entry, body }
  }
}

/** @throws {Failure} ARCHIVE_DAMAGED when members overlap, or more is claimed than any site holds */
async function requireApart(
  members: AsyncIterable<ZipMember>,
  count: number,
  directoryAt: number,
  limits: ForeignLimits,
): Promise<void> {
  const begins = new Float64Array(count)
  const ends = new Float64Array(count)
  let index = 0
  let totalBytes = 0
  for await (const { headerAt, rawName, packedBytes, sizeBytes, name } of members) {
    begins[index] = headerAt
    ends[index] = headerAt + localBytes + rawName.length + packedBytes
    if ((ends[index] as number) > directoryAt) throw refuse('malformed', `${shown(name)} reaches into the directory`)
    if (sizeBytes > limits.fileBytesMax) throw refuse('limit', `${shown(name)} has ${sizeBytes} bytes`)
    totalBytes += sizeBytes
    index += 1
  }
  if (totalBytes > limits.totalBytesMax) throw refuse('limit', `it holds more than ${limits.totalBytesMax} bytes`)
  // no two overlap exactly when the n-th begin lies behind the end before it, both sorted
  begins.sort()
  ends.sort()
  for (let at = 1; at < count; at++) {
    if ((begins[at] as number) < (ends[at - 1] as number)) throw refuse('ambiguous', 'members share their bytes')
  }
}

function kindOf({ name, unixMode }: ZipMember): 'file' | 'directory' | 'link' | null {
  const type = (unixMode ?? 0) & types.mask
  if (type === types.link) return 'link'
  if (type === types.directory || name.at(-1) === 0x2f) return 'directory'
  return type === types.file || type === 0 ? 'file' : null
}

/** Where the bytes begin; the header before them must name the same member. */
async function findBody(access: RandomAccess, member: ZipMember, directoryAt: number): Promise<number> {
  const head = await access.read(member.headerAt, localBytes + member.rawName.length)
  const isHeader = head.length === localBytes + member.rawName.length && head.readUInt32LE(0) === 0x04034b50
  if (!isHeader) throw refuse('malformed', `the header of ${shown(member.name)} is missing`)
  if (head.readUInt16LE(26) !== member.rawName.length || !head.subarray(localBytes).equals(member.rawName)) {
    throw refuse('ambiguous', `${shown(member.name)} has another name in its own header`)
  }
  if (head.readUInt16LE(8) !== member.method) throw refuse('ambiguous', `${shown(member.name)} is packed in two ways`)
  const at = member.headerAt + head.length + head.readUInt16LE(28)
  if (at + member.packedBytes > directoryAt) throw refuse('malformed', `${shown(member.name)} reaches into the directory`)
  return at
}

async function* readBody(
  access: RandomAccess,
  member: ZipMember,
  at: number,
  totals: { in: number; out: number },
  limits: ForeignLimits,
): AsyncGenerator<Buffer, void, undefined> {
  totals.in += member.packedBytes
  const packed = streamOf(access, at, member.packedBytes)
  let bytes = 0
  let crc = 0
  for await (const part of member.method === 0 ? packed : inflate(packed, member)) {
    bytes += part.length
    totals.out += part.length
    if (bytes > member.sizeBytes) break
    checkRatio(totals.out, totals.in, limits)
    crc = crc32(part, crc)
    yield part
  }
  if (bytes !== member.sizeBytes)
    throw refuse('malformed', `${shown(member.name)} does not have the ${member.sizeBytes} bytes that it says`)
  if (crc !== member.crc) throw refuse('checksum', `the checksum of ${shown(member.name)} is wrong`)
}

function inflate(packed: AsyncIterable<Buffer>, member: ZipMember): AsyncGenerator<Buffer, void, undefined> {
  const name = shown(member.name)
  return decompress(
    packed,
    createInflateRaw({ chunkSize: 128 << 10 }),
    { inBytes: 0, ended: false, error: null },
    (rest) => {
      if (rest.length > 0) throw refuse('ambiguous', `${name} has bytes behind its end`)
    },
    (error) => refuse('malformed', `the bytes of ${name} are damaged`, error),
  )
}

async function readTarget(member: ZipMember, body: AsyncIterable<Buffer>): Promise<Buffer> {
  if (member.sizeBytes > linkBytesMax) throw refuse('limit', `the link ${shown(member.name)} has ${member.sizeBytes} bytes`)
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

async function* nothing(): AsyncGenerator<Buffer, void, undefined> {}
