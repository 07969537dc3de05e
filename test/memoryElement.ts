import { createHmac, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import type { Entry } from '../src/archive/entry.ts'
import { padding } from '../src/archive/glue.ts'
import { tarHeader } from '../src/archive/tarHeader.ts'
import { Failure } from '../src/base/failure.ts'
import type { ArchiveSource } from '../src/repository/archiveOut.ts'
import { buildManifest } from '../src/repository/manifest.ts'
import { encodePage, isPageCut, summarizePage } from '../src/repository/page.ts'
import type { ChunkRef, Manifest, PageSummary, StoredEntry } from '../src/repository/types.ts'

const none = Buffer.alloc(0)

/** Chunks as real deflate fragments in memory: what an archive needs of a repository, and nothing else. */
export class MemoryChunks implements ArchiveSource, ChunkSink {
  readonly etagKey = createSecretKey(Buffer.alloc(32, 7))
  /** By keyed MAC, hex */
  readonly fragments = new Map<string, Buffer>()
  /** By id, hex */
  readonly raws = new Map<string, Buffer>()
  /** What was asked for, to see what a range touches */
  readonly reads = { chunks: 0, fragments: 0 }

  put(raw: Buffer, level = 6): ChunkRef {
    const id = createHmac('sha256', 'id').update(raw).digest()
    const fragment = deflateRawSync(raw, { level, finishFlush: constants.Z_SYNC_FLUSH })
    const encMac = hash('sha256', fragment, 'buffer')
    this.fragments.set(encMac.toString('hex'), fragment)
    this.raws.set(id.toString('hex'), raw)
    return { id, encMac, rawLen: raw.length, encLen: fragment.length, crc: crc32(raw) }
  }

  async locate(refs: readonly ChunkRef[]) {
    return refs.map((ref) => ({ pack: '', offset: 0, storedLen: ref.encLen }))
  }

  async readFragment(ref: ChunkRef): Promise<Buffer> {
    this.reads.fragments++
    return found(this.fragments, ref.encMac)
  }

  async readChunk(ref: ChunkRef): Promise<Buffer> {
    this.reads.chunks++
    return found(this.raws, ref.id)
  }
}

function found(from: Map<string, Buffer>, name: Buffer): Buffer {
  const bytes = from.get(name.toString('hex'))
  if (bytes === undefined) throw new Failure('CHUNK_DAMAGED', 'Cannot read a chunk: it was taken away')
  return bytes
}

export interface Body {
  entry: Entry
  body: Buffer
}

/** Where `storeElement` puts its chunks. */
export interface ChunkSink {
  etagKey: KeyObject
  put(raw: Buffer, level?: number): ChunkRef
}

/** Stores bodies as one element: chunks, pages and the root. */
export function storeElement(
  chunks: ChunkSink,
  bodies: readonly Body[],
  options: {
    form?: Manifest['form']
    prefix?: string
    chunkBytes?: number
    level?: () => number
    entriesInPageMax?: number
  } = {},
): Manifest {
  const { form = 'tar', prefix = '', chunkBytes = 50_000, level = () => 6, entriesInPageMax = Infinity } = options
  const pages: PageSummary[] = []
  let entries: StoredEntry[] = []
  const close = (): void => {
    const [first] = entries
    if (first === undefined) return
    const summary = summarizePage(entries, pages.at(-1)?.padOut ?? 0, { prefix, form })
    pages.push({ ...summary, ref: chunks.put(encodePage(entries)), firstPath: first.path })
    entries = []
  }
  for (const { entry, body } of bodies) {
    const refs: ChunkRef[] = []
    for (let at = 0; at < body.length; at += chunkBytes) refs.push(chunks.put(body.subarray(at, at + chunkBytes), level()))
    entries.push({ ...entry, chunks: refs })
    if (isPageCut(entry.path, entries.length, 0) || entries.length >= entriesInPageMax) close()
  }
  close()
  const rawBytes = bodies.reduce((sum, { body }) => sum + body.length, 0)
  return buildManifest(
    {
      element: form === 'sql' ? 'database' : 'files',
      archivePrefix: prefix,
      chunker: 'test',
      form,
      rawBytes,
      madeAt: '2026-01-02T03:04:05.678Z',
      pages,
      facts: {},
    },
    chunks.etagKey,
  )
}

export function entryOf(path: string | Buffer, change: Partial<Entry> = {}): Entry {
  return {
    path: Buffer.from(path),
    kind: 'file',
    mode: 0o644,
    uid: 33,
    gid: 33,
    user: 'www-data',
    group: 'www-data',
    mtimeNs: 1_700_000_000_123_456_789n,
    sizeBytes: 0,
    target: none,
    secret: false,
    linkGroup: 0,
    ...change,
  }
}

export function fileOf(path: string | Buffer, body: Buffer, change: Partial<Entry> = {}): Body {
  return { entry: entryOf(path, { sizeBytes: body.length, ...change }), body }
}

/** The tar or dump that the archive of these bodies holds, put together the plain way. */
export function plainArchive(bodies: readonly Body[], form: Manifest['form'], prefix: string): Buffer {
  if (form === 'sql') return Buffer.concat(bodies.map(({ body }) => body))
  const parts = bodies.flatMap(({ entry, body }) => [
    tarHeader(entry, Buffer.from(prefix)),
    body,
    Buffer.alloc(padding(body.length)),
  ])
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

/** A tree of so many files with some directories and links, half of it text, half of it noise. */
export function someTree(files: number, random: (below: number) => number): Body[] {
  const bodies: Body[] = [{ entry: entryOf('', { kind: 'directory', mode: 0o755 }), body: none }]
  for (let i = 0; i < files; i++) {
    const name = String(i).padStart(5, '0')
    if (i % 20 === 0) bodies.push({ entry: entryOf(`dir${name}`, { kind: 'directory', mode: 0o2775 }), body: none })
    const path = `dir${String(i - (i % 20)).padStart(5, '0')}/${name}${'-long'.repeat(random(8))}.txt`
    if (i % 17 === 5)
      bodies.push({ entry: entryOf(`${path}.link`, { kind: 'link', mode: 0o777, target: Buffer.from('../x') }), body: none })
    const length = i % 50 === 7 ? random(300_000) : random(6000)
    const body =
      random(2) === 0 ? randomBytes(length) : Buffer.from('some words, again '.repeat(length / 18 + 1)).subarray(0, length)
    bodies.push(fileOf(path, body))
  }
  return bodies
}

export async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

export async function readAll(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts)
}

/** A small generator of numbers with a seed, so that a failure can be had again. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
