// Archives that mean harm, made here byte by byte, and what each must end with. Run through every way that reads archives.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import type { RefusalReason } from './refuse.ts'
import type { ForeignLimits } from './types.ts'

export interface HostileArchive {
  name: string
  bytes: Buffer
  /** Why it is refused; null when it is harmless as it is read */
  reason: RefusalReason | null
  /** Of a harmless one: the paths that are left of it, in its order */
  paths?: string[]
  limits?: Partial<ForeignLimits>
}

interface TarSpec {
  type?: string
  link?: string
  body?: Buffer | string
  /** As the header says, whatever the body has */
  size?: number
  /** Raw bytes of the size field */
  sizeField?: Buffer
  mode?: number
  spoil?: (header: Buffer) => void
  magic?: string
}

/** One tar member as raw blocks. */
export function tarMember(path: string | Buffer, spec: TarSpec = {}): Buffer {
  const body = Buffer.from(spec.body ?? '')
  const header = Buffer.alloc(512)
  header.write(Buffer.from(path).toString('latin1').slice(0, 100), 0, 'latin1')
  header.write(`${(spec.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  if (spec.sizeField === undefined) header.write(`${(spec.size ?? body.length).toString(8).padStart(11, '0')}\0`, 124)
  else spec.sizeField.copy(header, 124)
  header.write('14000000000\0', 136)
  header.write(spec.type ?? '0', 156)
  header.write(spec.link ?? '', 157, 'latin1')
  header.write(spec.magic ?? 'ustar\x0000', 257, 'latin1')
  header.fill(' ', 148, 156)
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  spec.spoil?.(header)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

export const tarEnd: Buffer = Buffer.alloc(1024)
export const tar = (...members: Buffer[]): Buffer => Buffer.concat([...members, tarEnd])
const gz = (...members: Buffer[]): Buffer => gzipSync(tar(...members))
export const pax = (record: string | Buffer, type = 'x'): Buffer => tarMember('PaxHeader', { type, body: record })
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest) + 1
  while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest)
  return `${length}${rest}`
}
const longName = (path: string): Buffer => tarMember('././@LongLink', { type: 'L', body: `${path}\0` })
const link = (path: string, target: string): Buffer => tarMember(path, { type: '2', link: target })
const hard = (path: string, target: string): Buffer => tarMember(path, { type: '1', link: target })
const directory = (path: string): Buffer => tarMember(path, { type: '5', mode: 0o755 })
const file = (path: string | Buffer, body = 'x'): Buffer => tarMember(path, { body })

interface ZipSpec {
  name: string | Buffer
  body?: Buffer | string
  /** Name in the local header */
  localName?: string
  method?: number
  packed?: Buffer
  flags?: number
  mode?: number
  size?: number
  crc?: number
  at?: number
}

/** A zip file; `before` is put in front, `after` behind. */
export function zip(
  members: ZipSpec[],
  more: { before?: Buffer; after?: Buffer; entries?: number; descriptor?: boolean } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const spec of members) {
    const body = Buffer.from(spec.body ?? '')
    const method = spec.method ?? 8
    const packed = spec.packed ?? (method === 8 ? deflateRawSync(body) : body)
    const name = Buffer.from(spec.name)
    const localName = Buffer.from(spec.localName ?? spec.name)
    const crc = spec.crc ?? crc32(body)
    const flags = (spec.flags ?? 0) | (more.descriptor === true ? 8 : 0)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    if (more.descriptor !== true) {
      local.writeUInt32LE(crc, 14)
      local.writeUInt32LE(packed.length, 18)
      local.writeUInt32LE(spec.size ?? body.length, 22)
    }
    local.writeUInt16LE(localName.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(0x031e, 4)
    central.writeUInt16LE(flags, 8)
    central.writeUInt16LE(method, 10)
    central.writeUInt32LE(crc, 16)
    central.writeUInt32LE(packed.length, 20)
    central.writeUInt32LE(spec.size ?? body.length, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(((spec.mode ?? 0o100644) << 16) >>> 0, 38)
    central.writeUInt32LE(spec.at ?? at, 42)
    directory.push(central, name)
    const descriptor = Buffer.alloc(more.descriptor === true ? 16 : 0)
    if (descriptor.length > 0) {
      descriptor.writeUInt32LE(0x08074b50, 0)
      descriptor.writeUInt32LE(crc, 4)
      descriptor.writeUInt32LE(packed.length, 8)
      descriptor.writeUInt32LE(body.length, 12)
    }
    const all = [local, localName, packed, descriptor]
    parts.push(...all)
    at += all.reduce((sum, part) => sum + part.length, 0)
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(more.entries ?? members.length, 8)
  end.writeUInt16LE(more.entries ?? members.length, 10)
  end.writeUInt32LE(
    directory.reduce((sum, part) => sum + part.length, 0),
    12,
  )
  end.writeUInt32LE(at, 16)
  return Buffer.concat([more.before ?? Buffer.alloc(0), ...parts, ...directory, end, more.after ?? Buffer.alloc(0)])
}

const deep = (parts: number): string => Array.from({ length: parts }, () => 'd').join('/')
const base256 = (...bytes: number[]): Buffer => Buffer.from([...bytes, ...Array.from({ length: 12 - bytes.length }, () => 0xff)])
const small = { ratioFreeBytes: 100_000 }

const refused = (reason: RefusalReason, name: string, bytes: Buffer, limits: Partial<ForeignLimits> = {}): HostileArchive => ({
  name,
  bytes,
  reason,
  limits,
})
const harmless = (name: string, bytes: Buffer, paths: string[]): HostileArchive => ({ name, bytes, reason: null, paths })

/** By the groups of the design document's rule for untrusted archives. */
export const hostileArchives: HostileArchive[] = [
  // leading out of the archive
  refused('path', 'a path that begins with ..', tar(file('../evil'))),
  refused('path', 'a path with .. in the middle', tar(file('a/../../evil'))),
  refused('path', 'a path that ends with ..', tar(file('a/..'))),
  refused('path', '.. behind ./', tar(file('./../evil'))),
  refused('path', '.. in a PAX path', tar(pax(paxRecord('path', '../evil')), file('good'))),
  refused('path', '.. in a GNU long name', tar(longName('../evil'), file('good'))),
  refused('path', '.. in a zip', zip([{ name: '../evil', body: 'x' }])),
  refused('path', '.. in the ustar prefix', tar(tarMember('evil', { body: 'x', spoil: respoil('../up', 345) }))),
  refused('path', 'a . inside of a path', tar(file('a/./b'))),
  // absolute
  refused('path', 'an absolute path', tar(file('/etc/cron.d/evil'))),
  refused('path', 'an absolute PAX path', tar(pax(paxRecord('path', '/etc/evil')), file('good'))),
  refused('path', 'an absolute path in a zip', zip([{ name: '/etc/evil', body: 'x' }])),
  refused('path', 'two slashes at the beginning', tar(file('//server/share'))),
  refused('path', 'two slashes inside', tar(file('a//b'))),
  // drives and UNC
  refused('path', 'a drive', tar(file('C:/evil'))),
  refused('path', 'a path relative to a drive', tar(file('c:evil'))),
  refused('path', 'backslashes', tar(file('..\\evil'))),
  refused('path', 'UNC in a zip', zip([{ name: '\\\\server\\share\\evil', body: 'x' }])),
  refused('path', 'a control character', tar(file('a\u001b[2Jb'))),
  refused('path', 'a NUL in a PAX path', tar(pax(paxRecord('path', 'good\0/../evil')), file('good'))),
  refused('ambiguous', 'bytes behind the NUL of a GNU long name', tar(longName('good\0../evil'), file('good'))),
  // through links
  refused('through-link', 'a link, then a file through it', tar(link('a', '/etc'), file('a/evil'))),
  refused('through-link', 'a link, then a directory through it', tar(link('a', '..'), directory('a/b'))),
  refused('through-link', 'a file, then a link in the place of its directory', tar(file('a/b'), link('a', '/etc'))),
  refused('through-link', 'a link in the place of a link', tar(link('a', 'b'), link('a', '/etc'))),
  refused('through-link', 'a link, then a file in its place', tar(link('a', '/etc/passwd'), file('a'))),
  refused('through-link', 'a link, then a file through it in other letters', tar(link('Files', '/etc'), file('files/evil'))),
  refused(
    'through-link',
    'a link, then a file through it, in a zip',
    zip([
      { name: 'a', body: '/etc', mode: 0o120777 },
      { name: 'a/evil', body: 'x' },
    ]),
  ),
  // hard links
  refused('hard-link', 'a hard link to nothing', tar(hard('a', 'b'))),
  refused('path', 'a hard link to an absolute path', tar(hard('a', '/etc/passwd'))),
  refused('path', 'a hard link that leads out', tar(hard('a', '../../etc/passwd'))),
  refused('hard-link', 'a hard link to a symbolic link', tar(link('a', '/etc/passwd'), hard('b', 'a'))),
  refused('hard-link', 'a hard link to a later file', tar(hard('a', 'b'), file('b'))),
  refused('hard-link', 'a hard link to itself', tar(hard('a', 'a'))),
  refused('hard-link', 'a hard link to a directory', tar(directory('d'), hard('a', 'd'))),
  // names that are one on other systems
  refused('duplicate', 'the same file twice', tar(file('a'), file('a', 'other'))),
  refused('duplicate', 'two files that differ in case', tar(file('README'), file('readme'))),
  refused('duplicate', 'two directories that differ in case', tar(file('Foo/a'), file('foo/b'))),
  refused(
    'duplicate',
    'two forms of one accent',
    tar(file('caf\u00e9'.normalize('NFC')), pax(paxRecord('path', 'café'.normalize('NFD'))), file('x')).subarray(0),
  ),
  refused('duplicate', 'a file that is a directory as well', tar(file('a'), file('a/b'))),
  refused('duplicate', 'a directory that is a file as well', tar(file('a/b'), file('a'))),
  refused('ambiguous', 'two names for one member', tar(longName('one'), pax(paxRecord('path', 'two')), file('three'))),
  refused('ambiguous', 'another name in the local header of a zip', zip([{ name: 'good', localName: 'evil', body: 'x' }])),
  // what is no file
  harmless('a device', tar(tarMember('dev', { type: '3' }), tarMember('blk', { type: '4' }), file('a')), ['a']),
  harmless('a FIFO', tar(tarMember('fifo', { type: '6' }), file('a')), ['a']),
  harmless(
    'a contiguous file and a type that nobody knows',
    tar(tarMember('c', { type: '7', body: 'x' }), tarMember('q', { type: 'q', body: 'y' }), file('a')),
    ['a'],
  ),
  harmless(
    'a device in a zip',
    zip([
      { name: 'dev', mode: 0o020644 },
      { name: 'a', body: 'x' },
    ]),
    ['a'],
  ),
  harmless('setuid bits, which are taken off', tar(tarMember('a', { body: 'x', mode: 0o6755 })), ['a']),
  // bombs
  refused('ratio', 'a gzip bomb', gz(file('zeros', '\0'.repeat(4_000_000))), { ...small, ratioMax: 500 }),
  refused('ratio', 'a zip bomb', zip([{ name: 'zeros', body: Buffer.alloc(4_000_000) }]), { ...small, ratioMax: 500 }),
  refused(
    'ambiguous',
    'zip members that share their bytes',
    zip([
      { name: 'a', body: 'x'.repeat(100), method: 0 },
      { name: 'a', body: 'x'.repeat(100), method: 0, at: 0 },
    ]),
  ),
  refused('limit', 'more members than the limit', tar(...Array.from({ length: 30 }, (_, i) => file(`f${i}`))), {
    entriesMax: 20,
  }),
  refused('limit', 'more zip members than the limit', zip(Array.from({ length: 30 }, (_, i) => ({ name: `f${i}` }))), {
    entriesMax: 20,
  }),
  refused('limit', 'a file larger than the limit', tar(tarMember('big', { sizeField: base256(0x80, 0, 0, 0, 0, 0x10) })), {}),
  refused('limit', 'more bytes than the limit', tar(file('a', 'x'.repeat(600)), file('b', 'x'.repeat(600))), {
    totalBytesMax: 1000,
  }),
  refused('path-depth', 'a path of 101 parts', tar(longName(`${deep(101)}`), file('x'))),
  refused(
    'path-length',
    'a path of 5000 bytes',
    tar(longName(Array.from({ length: 50 }, () => 'x'.repeat(99)).join('/')), file('x')),
  ),
  refused('path-length', 'a name of 300 bytes', tar(longName('n'.repeat(300)), file('x'))),
  refused('limit', 'an extended header of 2 MB', tar(tarMember('h', { type: 'x', size: 2_000_000 }), Buffer.alloc(2_000_000))),
  refused(
    'limit',
    'extended headers without end',
    tar(...Array.from({ length: 10 }, () => pax(paxRecord('comment', 'x'))), file('a')),
  ),
  refused('limit', 'zeros without end', gzipSync(Buffer.concat([tar(file('a')), Buffer.alloc(17 << 20)])), { ratioMax: 1e9 }),
  // malformed
  refused('malformed', 'a wrong header checksum', tar(tarMember('a', { spoil: (header) => void (header[0] = 0x62) }))),
  refused('malformed', 'a size below zero', tar(tarMember('a', { sizeField: base256(0xff) }))),
  refused('limit', 'a size beyond all numbers', tar(tarMember('a', { sizeField: base256(0x80) }))),
  refused('malformed', 'a size that is no number', tar(tarMember('a', { sizeField: Buffer.from('12x45678901\0') }))),
  refused('malformed', 'a PAX record with a length below zero', tar(pax('-5 a='), file('a'))),
  refused('malformed', 'a PAX record that is longer than its header', tar(pax('99 path=evil\n'), file('a'))),
  refused('malformed', 'a PAX size that is no number', tar(pax(paxRecord('size', '-1')), file('a'))),
  refused('malformed', 'an extended header that belongs to nothing', tar(pax(paxRecord('path', 'a')))),
  refused('ambiguous', 'a global header that renames every member', tar(pax(paxRecord('path', 'evil'), 'g'), file('a'))),
  refused('ambiguous', 'a directory with a body', tar(tarMember('d', { type: '5', body: 'hidden' }))),
  refused('ambiguous', 'a link with a body', tar(tarMember('l', { type: '2', link: 'a', body: 'hidden' }))),
  refused('unsupported', 'a PAX sparse file', tar(pax(paxRecord('GNU.sparse.major', '1')), file('a'))),
  refused('unsupported', 'a GNU sparse file', tar(tarMember('s', { type: 'S' }))),
  refused('unsupported', 'an encrypted zip', zip([{ name: 'a', body: 'x', flags: 1 }])),
  refused('unsupported', 'a zip with another method', zip([{ name: 'a', body: 'x', method: 14 }])),
  refused('malformed', 'something before a zip', zip([{ name: 'a', body: 'x' }], { before: Buffer.from('PK\x03\x04MZ') })),
  refused('malformed', 'a zip that has fewer members than it says', zip([{ name: 'a', body: 'x' }], { entries: 2 })),
  refused('malformed', 'a zip member with more bytes than it says', zip([{ name: 'a', body: 'xyz', size: 2 }])),
  refused('checksum', 'a zip member with a wrong checksum', zip([{ name: 'a', body: 'x', crc: 5 }])),
  // cut off, or with something behind the end
  refused('truncated', 'a tar that is cut in a body', tar(file('a', 'x'.repeat(2000))).subarray(0, 1500)),
  refused('truncated', 'a tar that is cut between members', tar(file('a'), file('b')).subarray(0, 1024)),
  refused('truncated', 'a gzip that is cut', gz(file('a', 'x'.repeat(2000)), file('b')).subarray(0, -12)),
  refused('truncated', 'a zip that is cut', zip([{ name: 'a', body: 'x' }]).subarray(0, -30)),
  refused('checksum', 'a gzip with a wrong checksum', spoilAt(gz(file('a')), -8)),
  refused('trailing-data', 'something behind a gzip', Buffer.concat([gz(file('a')), Buffer.from('evil')])),
  refused('trailing-data', 'a second archive behind the end of a tar', Buffer.concat([tar(file('a')), tar(file('b'))])),
  refused('trailing-data', 'a second archive as a second gzip member', Buffer.concat([gz(file('a')), gz(file('b'))])),
  refused('trailing-data', 'one block of zeros, then more', Buffer.concat([file('a'), Buffer.alloc(512), tar(file('b'))])),
  refused('truncated', 'something behind a zip', zip([{ name: 'a', body: 'x' }], { after: Buffer.from('evil') })),
]

function respoil(text: string, at: number): (header: Buffer) => void {
  return (header) => {
    header.write(text, at)
    header.fill(' ', 148, 156)
    let sum = 0
    for (const byte of header) sum += byte
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  }
}

function spoilAt(bytes: Buffer, at: number): Buffer {
  const index = bytes.length + at
  bytes[index] = (bytes[index] as number) ^ 0xff
  return bytes
}
