import { extract, type Extract, type Header } from 'tar-stream'
import { Failure } from '../base/failure.ts'
import type { EntryKind } from './entry.ts'

export interface TarMember {
  entry: {
    path: Buffer
    kind: EntryKind
    mode: number
    uid: number
    gid: number
    mtimeSeconds: number
    sizeBytes: number
    /** Of a link, as written; may point anywhere */
    target: Buffer
  }
  /** Read it whole or not at all before asking for the next member */
  body: AsyncIterable<Buffer>
}

export interface TarLimits {
  entriesMax: number
  fileBytesMax: number
  totalBytesMax: number
  pathBytesMax: number
}

const usual: TarLimits = { entriesMax: 2_000_000, fileBytesMax: 50e9, totalBytesMax: Infinity, pathBytesMax: 4096 }

/**
 * Reads a tar, already gunzipped, without touching the disk. Members of other kinds than file, directory and symbolic link
 * are passed over and named to `onSkipped`.
 *
 * Paths come back as bytes, checked to stay below the root (relative, no `..`, no NUL, no empty part), without the slash of
 * directories. Targets of links are not checked, and nothing here decides whether a path is fit for any file system.
 *
 * @throws {Failure} ARCHIVE_DAMAGED when a header is wrong, the end is missing, a path leaves the root, a limit is passed or
 * more than 5 MiB go by without a member; errors of the source come through as they are
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: Partial<TarLimits> & { onSkipped?: (path: Buffer, type: string) => void } = {},
): AsyncGenerator<TarMember, void, undefined> {
  const limits = { ...usual, ...options }
  const parser = extract(parserOptions)
  const members = parser[Symbol.asyncIterator]() // listens from here on, before the first byte goes in
  const feeding = { done: false, idleBytes: 0, error: undefined as unknown }
  const fed = feed(source, parser, feeding)
  try {
    let entries = 0
    let totalBytes = 0
    for (;;) {
      const next = await members.next()
      if (next.done === true) break
      const stream = next.value
      feeding.idleBytes = -Infinity // while a body goes by, its own size is the limit
      // the parser would wait for such a body for ever, and read it as headers
      if (stream.header.type === 'directory' && stream.header.size !== 0) throw damaged('a directory has a body')
      const member = memberOf(stream.header, limits)
      totalBytes += member.entry.sizeBytes
      if (++entries > limits.entriesMax) throw damaged(`it has more than ${limits.entriesMax} entries`)
      if (totalBytes > limits.totalBytesMax) throw damaged(`it holds more than ${limits.totalBytesMax} bytes`)
      if (member.kind === undefined) options.onSkipped?.(member.entry.path, member.type)
      else yield { entry: { ...member.entry, kind: member.kind }, body: bytesOf(stream) }
      for await (const _ of bytesOf(stream)); // what the caller left; a stream read to its end ends at once
      feeding.idleBytes = 0
    }
    await fed
    if (feeding.error !== undefined) throw feeding.error
    if (!feeding.done) throw new Error('readTar: a body was left half read')
  } catch (error) {
    throw worded(feeding.error ?? error)
  } finally {
    parser.destroy()
    await fed
  }
}

/** latin1 keeps every byte of a name; the typings of tar-stream do not know the option. */
const parserOptions = { highWaterMark: 64 << 10, filenameEncoding: 'latin1' }
const pieceBytes = 64 << 10
const idleBytesMax = 5 << 20
const endBytes = 1024

/** Writes the source into the parser; never rejects, its error stands in `state`. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  parser: Extract,
  state: { done: boolean; idleBytes: number; error: unknown },
): Promise<void> {
  let tail = Buffer.alloc(0)
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = Buffer.from(chunk.buffer, chunk.byteOffset + at, Math.min(pieceBytes, chunk.length - at))
        state.idleBytes += piece.length
        if (state.idleBytes > idleBytesMax) throw damaged('megabytes go by without an entry')
        if (parser.destroying) return
        if (!parser.write(piece) && !parser.destroying) await drained(parser)
      }
      tail = chunk.length >= endBytes ? Buffer.from(chunk.subarray(-endBytes)) : Buffer.concat([tail, chunk]).subarray(-endBytes)
    }
    if (tail.length < endBytes || tail.some((byte) => byte !== 0)) throw damaged('its end is missing')
    state.done = true
    parser.end(undefined)
  } catch (error) {
    state.error = error
    parser.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

function drained(parser: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parser.off('drain', done)
      parser.off('close', done)
      resolve()
    }
    parser.on('drain', done)
    parser.on('close', done)
  })
}

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const bytes of stream) if (Buffer.isBuffer(bytes)) yield bytes
  } catch (error) {
    throw worded(error)
  }
}

function memberOf(header: Header, limits: TarLimits) {
  const pax: object = typeof header.pax === 'object' && header.pax !== null ? header.pax : {}
  const path = parsePath(Buffer.from(header.name, 'path' in pax ? 'utf8' : 'latin1'), limits)
  const sizeBytes = header.size
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > limits.fileBytesMax) {
    throw damaged(`an entry says it has ${sizeBytes} bytes`)
  }
  const type: string = header.type ?? 'unknown' // null for a type that tar-stream has no word for
  return {
    type,
    kind: kindOf(type),
    entry: {
      path,
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      mtimeSeconds: Math.floor(header.mtime.getTime() / 1000),
      sizeBytes: type === 'file' ? sizeBytes : 0,
      target: Buffer.from(header.linkname ?? '', 'linkpath' in pax ? 'utf8' : 'latin1'),
    },
  }
}

function kindOf(type: string): EntryKind | undefined {
  if (type === 'symlink') return 'link'
  return type === 'file' || type === 'directory' ? type : undefined
}

function parsePath(name: Buffer, limits: TarLimits): Buffer {
  const path = name.at(-1) === 0x2f ? name.subarray(0, -1) : name
  if (path.length === 0 || path.length > limits.pathBytesMax) throw damaged(`a path has ${path.length} bytes`)
  for (const part of path.toString('latin1').split('/')) {
    if (part === '' || part === '.' || part === '..' || part.includes('\0')) {
      throw damaged(`the path ${JSON.stringify(path.toString())} leaves its root`)
    }
  }
  return path
}

function damaged(found: string, cause?: unknown): Failure {
  return new Failure('ARCHIVE_DAMAGED', `Cannot read the archive: ${found}`, { cause })
}

/** Only the parser's own errors are about the archive; those of the source keep their meaning. */
function worded(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error
  const known = /^(Invalid (tar )?header|Header exceeds max size|Unexpected end of data|Writable stream closed prematurely)/
  return known.test(error.message) ? damaged(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`, error) : error
}
