import { ByteReader } from './byteReader.ts'
import { parseForeignPath } from './paths.ts'
import { refuse, shown } from './refuse.ts'
import { isZero, readPax, readTarBlock, type TarBlock } from './tarFields.ts'
import type { ByteSource, ForeignEntry, ForeignMember, ForeignOptions } from './types.ts'

/** Zeros behind the end that any tar writes: its largest record is smaller. */
const endBytesMax = 16 << 20
const none: Buffer = Buffer.alloc(0)

/**
 * Reads a tar that somebody else made, already gunzipped, in one pass and without touching the disk. Whatever two readers
 * could read in two ways is refused. Devices, FIFOs and the like are passed over.
 *
 * A parser of our own, because tar-stream, which reads our own archives (`readTar`), gives the map of a PAX sparse file as its
 * content, believes malformed PAX records, reads on behind the end, and waits for ever for the body of a directory.
 *
 * @throws {Failure} ARCHIVE_DAMAGED with `details.reason`; errors of the source come through
 */
export async function* readForeignTar(
  source: ByteSource,
  options: ForeignOptions,
): AsyncGenerator<ForeignMember, void, undefined> {
  const { limits } = options
  const reader = new ByteReader(source)
  let entries = 0
  let totalBytes = 0
  try {
    for (;;) {
      const member = await readHeaders(reader, options)
      if (member === null) break
      const { entry, what, bodyBytes } = member
      if (bodyBytes > limits.fileBytesMax) throw refuse('limit', `${shown(entry?.path ?? '')} has ${bodyBytes} bytes`)
      entries += 1
      totalBytes += bodyBytes
      if (entries > limits.entriesMax) throw refuse('limit', `it has more than ${limits.entriesMax} members`)
      if (totalBytes > limits.totalBytesMax) throw refuse('limit', `it holds more than ${limits.totalBytesMax} bytes`)
      const left = { bytes: bodyBytes }
      if (entry !== null && what === null) yield { entry, body: bodyOf(reader, left) }
      else if (what !== null) options.onSkipped(entry?.path ?? none, what)
      await skip(reader, left.bytes) // what the caller left
      await skip(reader, (512 - (bodyBytes % 512)) % 512)
    }
    await requireEnd(reader)
  } finally {
    await reader.close()
  }
}

interface Found {
  /** Null for what has no path: the root itself, a volume label */
  entry: ForeignEntry | null
  /** What it is, when it is passed over */
  what: string | null
  bodyBytes: number
}

interface Extended {
  path: Buffer | null
  linkPath: Buffer | null
  sizeBytes: number | null
  mtimeNs: bigint | null
}

/** The next member with all headers that belong to it; null at the end. */
async function readHeaders(reader: ByteReader, options: ForeignOptions): Promise<Found | null> {
  const { limits } = options
  const extended: Extended = { path: null, linkPath: null, sizeBytes: null, mtimeNs: null }
  for (let headers = 0; ; headers++) {
    const bytes = await reader.take(512)
    if (bytes.length < 512) throw refuse('truncated', 'it is cut off')
    const block = readTarBlock(bytes)
    if (block === null) {
      if (headers > 0) throw refuse('malformed', 'an extended header belongs to nothing')
      return null
    }
    if (!'LKxgX'.includes(block.type)) return judge(block, extended, options)
    if (headers >= limits.headersMax) throw refuse('limit', `${headers + 1} extended headers stand before one member`)
    if (block.sizeBytes > limits.headerBytesMax) throw refuse('limit', `an extended header has ${block.sizeBytes} bytes`)
    const body = await reader.take(block.sizeBytes)
    if (body.length < block.sizeBytes) throw refuse('truncated', 'it is cut off')
    extend(extended, block.type, body)
    await skip(reader, (512 - (block.sizeBytes % 512)) % 512)
  }
}

function extend(extended: Extended, type: string, body: Buffer): void {
  const set = (key: 'path' | 'linkPath', value: Buffer): void => {
    const before = extended[key]
    if (before !== null && !before.equals(value))
      throw refuse('ambiguous', `a member has two names, ${shown(before)} and ${shown(value)}`)
    extended[key] = value
  }
  if (type === 'L' || type === 'K') return set(type === 'L' ? 'path' : 'linkPath', untilZero(body))
  const records = readPax(body)
  for (const [key, value] of records) {
    if (key.startsWith('GNU.sparse')) throw refuse('unsupported', 'it holds sparse files')
    const names = key === 'path' || key === 'linkpath' || key === 'size'
    if (names && type === 'g') throw refuse('ambiguous', `a global header sets "${key}" for all members`)
    if (key === 'path') set('path', value)
    else if (key === 'linkpath') set('linkPath', value)
    else if (key === 'size') extended.sizeBytes = parseSize(value)
    else if (key === 'mtime') extended.mtimeNs = parseMtime(value)
  }
}

function judge(block: TarBlock, extended: Extended, { limits, onSkipped }: ForeignOptions): Found {
  const name = extended.path ?? block.name
  const sizeBytes = extended.sizeBytes ?? block.sizeBytes
  const type = block.type === '0' && name.at(-1) === 0x2f ? '5' : block.type
  const kind = kinds[type]
  if (type === 'S') throw refuse('unsupported', `${shown(name)} is a sparse file`)
  if (type === 'M') throw refuse('unsupported', 'it is a part of an archive in several volumes')
  if (kind === undefined) {
    // only kinds that are known to have no body may claim none
    const path = type === 'V' ? null : parseForeignPath(name, limits)
    if (path === null) onSkipped(name, skipped[type] ?? `a member of type "${type}"`)
    const what = path === null ? null : (skipped[type] ?? `a member of type "${type}"`)
    const entry = path === null ? null : { path, kind: 'file' as const, mode: 0, mtimeNs: 0n, sizeBytes: 0, target: none }
    return { entry, what, bodyBytes: '346'.includes(type) ? 0 : sizeBytes }
  }
  if (kind !== 'file' && sizeBytes !== 0) throw refuse('ambiguous', `${shown(name)} is a ${kind} and has a body`)
  const path = parseForeignPath(name, limits)
  if (path === null) {
    if (kind !== 'directory') throw refuse('path', `the root of the archive is a ${kind}`)
    return { entry: null, what: null, bodyBytes: 0 }
  }
  const written = extended.linkPath ?? block.linkName
  const target = kind === 'hardlink' ? parseForeignPath(written, limits) : kind === 'link' ? written : none
  if (target === null) throw refuse('hard-link', `${shown(path)} is a hard link to the root of the archive`)
  const mtimeNs = extended.mtimeNs ?? BigInt(block.mtimeSeconds) * 1_000_000_000n
  return { entry: { path, kind, mode: block.mode & 0o777, mtimeNs, sizeBytes, target }, what: null, bodyBytes: sizeBytes }
}

const kinds: Partial<Record<string, ForeignEntry['kind']>> = { '0': 'file', '1': 'hardlink', '2': 'link', '5': 'directory' }
const skipped: Partial<Record<string, string>> = {
  '3': 'a device',
  '4': 'a device',
  '6': 'a FIFO',
  '7': 'a contiguous file',
  D: 'a list of a directory',
  V: 'a label',
}

async function* bodyOf(reader: ByteReader, left: { bytes: number }): AsyncGenerator<Buffer, void, undefined> {
  while (left.bytes > 0) {
    const part = await reader.next(left.bytes)
    if (part === null) throw refuse('truncated', 'it is cut off')
    left.bytes -= part.length
    yield part
  }
}

async function skip(reader: ByteReader, bytes: number): Promise<void> {
  for await (const _ of bodyOf(reader, { bytes }));
}

/** One block of zeros was read; another one must follow, and zeros only from then on. */
async function requireEnd(reader: ByteReader): Promise<void> {
  const second = await reader.take(512)
  if (second.length < 512) throw refuse('truncated', 'its end is missing')
  if (!isZero(second)) throw refuse('trailing-data', 'something follows behind its end')
  let bytes = 0
  for (;;) {
    const part = await reader.next(1 << 20)
    if (part === null) return
    if (!isZero(part)) throw refuse('trailing-data', 'something follows behind its end')
    bytes += part.length
    if (bytes > endBytesMax) throw refuse('limit', 'zeros without end follow behind its end')
  }
}

function untilZero(body: Buffer): Buffer {
  const end = body.indexOf(0)
  if (end < 0) return body
  if (!isZero(body.subarray(end))) throw refuse('ambiguous', `a name has bytes behind its end: ${shown(body)}`)
  return body.subarray(0, end)
}

function parseSize(value: Buffer): number {
  const text = value.toString('latin1')
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(size)) throw refuse('malformed', `an extended header says that a member has ${shown(text)} bytes`)
  return size
}

function parseMtime(value: Buffer): bigint | null {
  const [, seconds, fraction = ''] = /^(\d{1,11})(?:\.(\d{1,30}))?$/.exec(value.toString('latin1')) ?? []
  return seconds === undefined ? null : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}
