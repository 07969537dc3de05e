import type { EntryKind } from '../archive/entry.ts'
import { Failure } from '../base/failure.ts'
import { packChunkRefs, unpackChunkRefs } from './chunkRef.ts'
import type { StoredEntry } from './types.ts'
import { ByteReader, ByteWriter } from './varint.ts'

export { summarizePage } from './pageSummary.ts'

/** An entry as a page holds it, with what a later version of Cairn wrote about it. */
export interface PageEntry extends StoredEntry {
  /** Fields that this version does not know, as they stood; kept when the entry is written again */
  unknown?: Buffer
}

/**
 * One page: a version byte, then a record for each entry. A record is its length and its fields in the order of their tags;
 * a field is `tag * 2 + (1 for bytes)`, then a varint, or a length and bytes. Zero and empty are left out, so equal entries
 * give equal pages, which deduplicate.
 */
export function encodePage(entries: readonly PageEntry[]): Buffer {
  const page = new ByteWriter()
  const record = new ByteWriter()
  page.varint(pageVersion)
  for (const entry of entries) {
    record.clear()
    writeEntry(record, entry)
    page.varint(record.length)
    page.bytes(record.view())
  }
  return page.view()
}

/**
 * Paths, targets and chunk ids of the result are views of `bytes`.
 *
 * @throws {Failure} MANIFEST_DAMAGED for anything that `encodePage` (of this or a later version) does not write
 */
export function decodePage(bytes: Uint8Array): PageEntry[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const reader = new ByteReader(all, 0, all.length, damaged)
  const version = reader.varint()
  if (version !== pageVersion) throw damaged(`it has version ${version}, and this Cairn reads version ${pageVersion}`)
  const entries: PageEntry[] = []
  while (!reader.isAtEnd) {
    const length = reader.varint()
    const start = reader.at
    reader.bytes(length)
    entries.push(readEntry(all, start, start + length))
  }
  return entries
}

/**
 * Whether a page ends behind the entry `path`, which is its `entriesInPage`th. A hash of the path decides, so that a change
 * moves no cut but its own; pages have 64 to 1024 entries, 32 KiB on average. Bodies of a gigabyte end a page too: each chunk
 * is a reference of 76 bytes, and pages of long files or tables would grow to many megabytes. Readers do not know the rule.
 */
export function isPageCut(path: Uint8Array, entriesInPage: number, bodyBytesInPage: number): boolean {
  if (entriesInPage >= entriesMax || bodyBytesInPage >= bodyBytesMax) return true
  return entriesInPage >= entriesMin && pathHash(path) % cutEvery === 0
}

const pageVersion = 1
const entriesMin = 64
const entriesMax = 1024
const bodyBytesMax = 1 << 30
const cutEvery = 168

const tags = {
  path: 1,
  kind: 2,
  mode: 3,
  uid: 4,
  gid: 5,
  user: 6,
  group: 7,
  mtimeSeconds: 8,
  mtimeNanos: 9,
  size: 10,
  target: 11,
  chunks: 12,
  secret: 13,
  linkGroup: 14,
} as const
const lastTag = tags.linkGroup
const kinds: readonly EntryKind[] = ['file', 'directory', 'link']
const nanos = 1_000_000_000n
const none = Buffer.alloc(0)

function writeEntry(to: ByteWriter, entry: PageEntry): void {
  const number = (tag: number, value: number): void => {
    if (value === 0) return
    to.varint(tag * 2)
    to.varint(value)
  }
  const bytes = (tag: number, value: Uint8Array): void => {
    if (value.length === 0) return
    to.varint(tag * 2 + 1)
    to.varint(value.length)
    to.bytes(value)
  }
  const belowSecond = ((entry.mtimeNs % nanos) + nanos) % nanos
  const seconds = Number((entry.mtimeNs - belowSecond) / nanos)
  bytes(tags.path, entry.path)
  number(tags.kind, kinds.indexOf(entry.kind))
  number(tags.mode, entry.mode)
  number(tags.uid, entry.uid)
  number(tags.gid, entry.gid)
  bytes(tags.user, entry.user === '' ? none : Buffer.from(entry.user))
  bytes(tags.group, entry.group === '' ? none : Buffer.from(entry.group))
  number(tags.mtimeSeconds, seconds < 0 ? -seconds * 2 - 1 : seconds * 2)
  number(tags.mtimeNanos, Number(belowSecond))
  number(tags.size, entry.sizeBytes)
  bytes(tags.target, entry.target)
  bytes(tags.chunks, packChunkRefs(entry.chunks))
  number(tags.secret, entry.secret ? 1 : 0)
  number(tags.linkGroup, entry.linkGroup)
  if (entry.unknown !== undefined) to.bytes(entry.unknown)
}

function readEntry(all: Buffer, start: number, end: number): PageEntry {
  const reader = new ByteReader(all, start, end, damaged)
  const entry: PageEntry = {
    path: none,
    kind: 'file',
    mode: 0,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    mtimeNs: 0n,
    sizeBytes: 0,
    target: none,
    secret: false,
    linkGroup: 0,
    chunks: [],
  }
  let last = 0
  while (!reader.isAtEnd) {
    const at = reader.at
    const head = reader.varint()
    const tag = Math.floor(head / 2)
    if (tag <= last && !(tag === last && tag > lastTag)) throw damaged(`field ${tag} follows field ${last}`)
    last = tag
    if (tag > lastTag) {
      // Tags ascend, so from here on everything is unknown. It is read to its end, so that no broken field is kept.
      for (reader.at = at; !reader.isAtEnd;) skipField(reader)
      entry.unknown = all.subarray(at, end)
    } else if (head % 2 === 1) {
      setBytes(entry, tag, reader.bytes(reader.varint()))
    } else {
      setNumber(entry, tag, reader.varint())
    }
  }
  return entry
}

function setBytes(entry: PageEntry, tag: number, value: Buffer): void {
  if (tag === tags.path) entry.path = value
  else if (tag === tags.user) entry.user = value.toString()
  else if (tag === tags.group) entry.group = value.toString()
  else if (tag === tags.target) entry.target = value
  else if (tag === tags.chunks) entry.chunks = unpackChunkRefs(value)
  else throw damaged(`field ${tag} holds bytes`)
}

function setNumber(entry: PageEntry, tag: number, value: number): void {
  if (tag === tags.kind) entry.kind = kinds[value] ?? refuse('an entry has an unknown kind')
  else if (tag === tags.mode) entry.mode = value <= 0o7777 ? value : refuse('a mode has more than twelve bits')
  else if (tag === tags.uid) entry.uid = value
  else if (tag === tags.gid) entry.gid = value
  else if (tag === tags.mtimeSeconds) entry.mtimeNs += BigInt(value % 2 === 1 ? -(value + 1) / 2 : value / 2) * nanos
  else if (tag === tags.mtimeNanos) entry.mtimeNs += value < 1e9 ? BigInt(value) : refuse('a time has too many nanoseconds')
  else if (tag === tags.size) entry.sizeBytes = value
  else if (tag === tags.secret) entry.secret = value === 1
  else if (tag === tags.linkGroup) entry.linkGroup = value
  else throw damaged(`field ${tag} holds a number`)
}

function skipField(reader: ByteReader): void {
  if (reader.varint() % 2 === 1) reader.bytes(reader.varint())
  else reader.varint()
}

/** FNV-1a, its upper half folded in: the last bytes of paths are much alike (`.php`). */
function pathHash(path: Uint8Array): number {
  let value = 0x811c9dc5
  for (let i = 0; i < path.length; i++) value = Math.imul(value ^ (path[i] as number), 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

function refuse(found: string): never {
  throw damaged(found)
}

function damaged(found: string): Failure {
  return new Failure('MANIFEST_DAMAGED', `Cannot read a page of a manifest: ${found}`)
}
