import type { Entry } from './entry.ts'

/** What a header says; the rest of an entry stays in the manifest. */
export type TarFacts = Pick<Entry, 'path' | 'kind' | 'mode' | 'uid' | 'gid' | 'mtimeNs' | 'sizeBytes' | 'target'>

/**
 * The header blocks of one entry (a multiple of 512 bytes), below `prefix` (`files_dev/` or nothing). No header at all for
 * the root directory of an archive without prefix.
 *
 * ustar with its prefix field, else GNU `@LongLink` records, never PAX: PharData and PEAR's Archive_Tar unpack PAX names
 * wrongly and say nothing. (PharData refuses an archive with a link target of more than 100 bytes, and says so.) Owners go
 * by number, the names stay empty. Numbers that octal cannot hold are base-256, as busybox misreads a size in PAX. Frozen
 * together with the glue encoder: ETags and lengths of committed archives rest on it.
 */
export function tarHeader(entry: TarFacts, prefix: Buffer): Buffer {
  const name = memberName(entry, prefix)
  if (name.length === 0) return Buffer.alloc(0)
  const split = splitName(name)
  const longTarget = entry.target.length > nameBytes
  if (split !== undefined && !longTarget) return block(split.name, split.prefix, entry, entry.target)
  const blocks: Buffer[] = []
  if (longTarget) blocks.push(...longRecord('K', entry.target))
  if (split === undefined) blocks.push(...longRecord('L', name))
  const short = split ?? { name: shortened(name, entry.kind), prefix: none }
  blocks.push(block(short.name, short.prefix, entry, entry.target.subarray(0, nameBytes)))
  return Buffer.concat(blocks)
}

/** The time as a header tells it: whole seconds, none before 1970 (readers differ there). */
export function tarSeconds(mtimeNs: bigint): number {
  return mtimeNs <= 0n ? 0 : Number(mtimeNs / 1_000_000_000n)
}

const nameBytes = 100
const prefixBytes = 155
const slash = 0x2f
const none = Buffer.alloc(0)
const ustar = Buffer.from('ustar\x0000', 'latin1')
const ustarSum = ustar.reduce((sum, byte) => sum + byte, 0)
const typeOf = { file: 0x30, link: 0x32, directory: 0x35 } as const

function memberName(entry: TarFacts, prefix: Buffer): Buffer {
  if (entry.path.length === 0) return prefix
  if (prefix.length === 0 && entry.kind !== 'directory') return entry.path
  const parts = entry.kind === 'directory' ? [prefix, entry.path, Buffer.of(slash)] : [prefix, entry.path]
  return Buffer.concat(parts)
}

/** Cuts a name for the two ustar fields, as far right as the prefix field allows; undefined where no slash does. */
function splitName(name: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (name.length <= nameBytes) return { name, prefix: none }
  const at = name.lastIndexOf(slash, Math.min(prefixBytes, name.length - 2))
  if (at <= 0 || name.length - at - 1 > nameBytes) return undefined
  return { name: name.subarray(at + 1), prefix: name.subarray(0, at) }
}

/** Beside an `L` record nobody should read this, but a file must not end in a slash: tar-stream would make it a directory. */
function shortened(name: Buffer, kind: TarFacts['kind']): Buffer {
  const end = kind !== 'directory' && name[nameBytes - 1] === slash ? nameBytes - 1 : nameBytes
  return name.subarray(0, end)
}

const longLink: TarFacts = {
  path: Buffer.from('././@LongLink'),
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  sizeBytes: 0,
  target: none,
}

function longRecord(type: 'K' | 'L', text: Buffer): Buffer[] {
  const sizeBytes = text.length + 1
  const body = Buffer.alloc(Math.ceil(sizeBytes / 512) * 512)
  text.copy(body)
  return [block(longLink.path, none, { ...longLink, sizeBytes }, none, type.charCodeAt(0)), body]
}

function block(name: Buffer, prefix: Buffer, entry: TarFacts, target: Buffer, type: number = typeOf[entry.kind]): Buffer {
  const header = Buffer.alloc(512)
  name.copy(header, 0)
  writeNumber(header, entry.mode & 0o7777, 100, 8)
  writeNumber(header, entry.uid, 108, 8)
  writeNumber(header, entry.gid, 116, 8)
  writeNumber(header, entry.kind === 'file' ? entry.sizeBytes : 0, 124, 12)
  writeNumber(header, tarSeconds(entry.mtimeNs), 136, 12)
  header[156] = type
  target.copy(header, 157)
  ustar.copy(header, 257)
  prefix.copy(header, 345)
  // only where something was written: the checksum's own field counts as blanks, the rest is zeros
  let sum = 8 * 0x20 + ustarSum
  for (let i = 0; i < name.length; i++) sum += header[i] as number
  for (let i = 100; i < 157 + target.length; i++) sum += header[i] as number
  for (let i = 345; i < 345 + prefix.length; i++) sum += header[i] as number
  writeOctal(header, sum, 148, 6)
  header[155] = 0x20
  return header
}

/** Octal digits and a NUL, or base-256 (bit 0x80 of the first byte) where they do not suffice. */
function writeNumber(header: Buffer, value: number, at: number, width: number): void {
  if (value < 8 ** (width - 1)) return writeOctal(header, value, at, width - 1)
  let rest = value
  for (let i = at + width - 1; i > at; i--) {
    header[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  header[at] = 0x80
}

/** The byte behind the digits stays NUL. There are seven of these a header, so no strings are made. */
function writeOctal(header: Buffer, value: number, at: number, digits: number): void {
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    header[i] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}
