import { constants, inflateRawSync } from 'node:zlib'
import { Failure } from '../../base/failure.ts'
import { readTarBlock } from './tarFields.ts'

export type ArchiveKind = 'tar' | 'zip' | 'sql'

export interface Recognised {
  kind: ArchiveKind
  gzip: boolean
}

/** So much of the beginning of a file is enough. */
export const headBytes = 4096

/**
 * What a file is, from its first bytes; its name says nothing.
 *
 * @param name for sentences
 * @throws {Failure} ARCHIVE_REFUSED that says what it is instead, when that is known
 */
export function recogniseArchive(head: Buffer, name: string): Recognised {
  const bytes = head.subarray(0, headBytes)
  if (bytes.length === 0) throw refused(name, 'it is empty', 'Look at the file: was it made and copied whole?')
  if (isHtml(bytes)) throw refused(name, 'it is a web page, not a file', landingHint)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { kind: kindInside(bytes, name), gzip: true }
  const kind = kindOf(bytes)
  if (kind !== null) return { kind, gzip: false }
  const other = others.find(({ magic, at = 0 }) => bytes.toString('latin1', at, at + magic.length) === magic)
  const found = other === undefined ? 'it is neither tar nor zip nor SQL' : `it is ${other.what}`
  throw refused(name, found, 'Archives are .tar.gz, .tgz, .tar or .zip, dumps .sql or .sql.gz')
}

export const landingHint =
  'The address leads to a page that offers the file: copy the link of the download itself (Dropbox: end it with "dl=1" instead of "dl=0")'

/** A page, whatever stands before its first tag. */
export function isHtml(head: Uint8Array): boolean {
  const text = Buffer.from(head.subarray(0, 1024)).toString('latin1')
  return /^(?:\xef\xbb\xbf)?(?:\s|<!--[^]*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body|script|title|meta)[\s>]/i.test(
    text,
  )
}

function kindInside(bytes: Buffer, name: string): ArchiveKind {
  let inner: Buffer
  try {
    inner = inflateRawSync(bytes.subarray(gzipHeaderBytes(bytes)), { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (cause) {
    throw refused(
      name,
      'it begins like gzip and goes on like something else',
      'Compare its size or checksum with the original',
      cause,
    )
  }
  if (inner.length === 0) throw refused(name, 'nothing is packed in it', 'Look at the original: was the dump made whole?')
  const kind = kindOf(inner)
  if (kind === 'tar' || kind === 'sql') return kind
  const what = inner[0] === 0x1f && inner[1] === 0x8b ? 'gzip in gzip' : 'neither tar nor SQL'
  throw refused(name, `it holds ${what}`, 'Archives are .tar.gz, .tgz, .tar or .zip, dumps .sql or .sql.gz')
}

/** Without the trailer: a wrong checksum is for the reader to tell. */
function gzipHeaderBytes(bytes: Buffer): number {
  const flags = bytes[3] ?? 0
  let at = 10
  if ((flags & 4) !== 0) at += 2 + bytes.readUInt16LE(at)
  for (const flag of [8, 16]) if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1
  return (flags & 2) === 0 ? at : at + 2
}

function kindOf(bytes: Buffer): ArchiveKind | null {
  if (['PK\x03\x04', 'PK\x05\x06'].includes(bytes.toString('latin1', 0, 4))) return 'zip'
  if (isTar(bytes)) return 'tar'
  return isSql(bytes) ? 'sql' : null
}

function isTar(bytes: Buffer): boolean {
  if (bytes.length < 512) return false
  try {
    return readTarBlock(bytes.subarray(0, 512)) !== null || bytes.subarray(0, 1024).every((byte) => byte === 0)
  } catch {
    return bytes.toString('latin1', 257, 262) === 'ustar' // a damaged one; the reader says how
  }
}

function isSql(bytes: Buffer): boolean {
  const text = bytes.toString('latin1').replace(/^\xef\xbb\xbf/, '')
  if (text.includes('\0')) return false
  return /^\s*(--|\/\*|#|(CREATE|INSERT|DROP|SET|USE|LOCK|START|BEGIN|ALTER|REPLACE|DELIMITER|DELETE|TRUNCATE)\b)/im.test(text)
}

const others: { magic: string; at?: number; what: string }[] = [
  { magic: 'BZh', what: 'packed with bzip2, which Cairn does not read: pack it with gzip' },
  { magic: '\xfd7zXZ', what: 'packed with xz, which Cairn does not read: pack it with gzip' },
  { magic: '\x28\xb5\x2f\xfd', what: 'packed with zstd, which Cairn does not read: pack it with gzip' },
  { magic: '7z\xbc\xaf', what: 'a 7z archive' },
  { magic: 'Rar!', what: 'a RAR archive' },
  { magic: 'PK\x07\x08', what: 'a zip archive in several volumes' },
  { magic: 'PGDMP', what: 'a dump of PostgreSQL; sites here have MySQL or MariaDB' },
  { magic: 'SQLite format 3', what: 'an SQLite database; sites here have MySQL or MariaDB' },
  { magic: '\xff\xfe', what: 'text in UTF-16 (as PowerShell writes with ">"): dump with --result-file instead' },
  { magic: '\xfe\xff', what: 'text in UTF-16: write it as UTF-8' },
  { magic: '%PDF', what: 'a PDF document' },
  { magic: '{', what: 'JSON, such as an error message of a service' },
  { magic: '<?xml', what: 'XML, such as an error message of a service' },
]

function refused(name: string, found: string, hint: string, cause?: unknown): Failure {
  return new Failure('ARCHIVE_REFUSED', `Cannot read "${name}": ${found}`, { hint, ...(cause === undefined ? {} : { cause }) })
}
