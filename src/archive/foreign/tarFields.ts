import { refuse } from './refuse.ts'

/** One header block, taken apart but not judged. */
export interface TarBlock {
  name: Buffer
  mode: number
  sizeBytes: number
  mtimeSeconds: number
  type: string
  linkName: Buffer
}

/** Null for a block of zeros. @throws {Failure} ARCHIVE_DAMAGED */
export function readTarBlock(block: Buffer): TarBlock | null {
  if (!hasRightSum(block)) {
    if (isZero(block)) return null
    throw refuse('malformed', 'a header has a wrong checksum, or it is no tar')
  }
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0'
  const name = text(block, 0, 100)
  const prefix = isUstar ? text(block, 345, 155) : Buffer.alloc(0)
  return {
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    mode: number(block, 100, 8, 'mode'),
    sizeBytes: number(block, 124, 12, 'size'),
    mtimeSeconds: time(block),
    type: String.fromCharCode(block[156] as number).replace('\0', '0'),
    linkName: text(block, 157, 100),
  }
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** `length key=value\n`, strictly: readers differ in what they make of anything else. @throws {Failure} ARCHIVE_DAMAGED */
export function readPax(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const digits = space < 0 ? '' : body.toString('latin1', at, space)
    const end = at + Number(digits)
    const isWhole = /^[1-9]\d{0,9}$/.test(digits) && end <= body.length && end > space + 1 && body[end - 1] === 0x0a
    const equals = isWhole ? body.indexOf(0x3d, space) : -1
    if (equals < 0 || equals >= end) throw refuse('malformed', 'an extended header is malformed')
    records.set(body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

function text(block: Buffer, from: number, length: number): Buffer {
  const field = block.subarray(from, from + length)
  const end = field.indexOf(0)
  return end < 0 ? field : field.subarray(0, end)
}

/** The sum of all bytes, the sum's own field counted as spaces; very old writers summed signed bytes. */
function hasRightSum(block: Buffer): boolean {
  let unsigned = 0
  let signed = 0
  for (let at = 0; at < 512; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] as number)
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const found = octal(block, 148, 8)
  return found !== null && (found === unsigned || found === signed)
}

function octal(block: Buffer, from: number, length: number): number | null {
  const digits = block
    .toString('latin1', from, from + length)
    .replace(/^ +/, '')
    .replace(/[ \0].*$/s, '')
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : null
}

function number(block: Buffer, from: number, length: number, what: string): number {
  const first = block[from] as number
  if ((first & 0x80) === 0) {
    const value = octal(block, from, length)
    if (value === null) throw refuse('malformed', `a ${what} in a header is no number`)
    return value
  }
  if (first === 0xff) throw refuse('malformed', `a ${what} in a header is below zero`)
  let value = BigInt(first & 0x7f)
  for (let at = from + 1; at < from + length; at++) value = value * 256n + BigInt(block[at] as number)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse('limit', `a ${what} in a header is beyond reason`)
  return Number(value)
}

/** What cannot be a time is the beginning of time: nobody is hurt by it. */
function time(block: Buffer): number {
  if (((block[136] as number) & 0x80) !== 0) return 0
  return octal(block, 136, 12) ?? 0
}
