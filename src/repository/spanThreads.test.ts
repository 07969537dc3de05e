import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listOf, plainArchive, readAll, seeded, someTree, storeElement } from '../../test/memoryElement.ts'
import { PackedChunks } from '../../test/packedElement.ts'
import { entriesOf, openArchive } from './archiveOut.ts'
import { spanThreads } from './spanThreads.ts'
import type { ChunkRef, Manifest } from './types.ts'

const bodies = someTree(1500, seeded(21))
let chunks: PackedChunks
let manifest: Manifest

beforeEach(async () => {
  chunks = new PackedChunks(mkdtempSync(join(tmpdir(), 'cairn-spans-')))
  manifest = storeElement(chunks, bodies, { prefix: 'files_live/' })
  await chunks.flush()
})

afterEach(async () => {
  await spanThreads(chunks.directory, chunks.keys.key).close()
  chunks.close()
  rmSync(chunks.directory, { recursive: true, force: true })
})

test('threads make the bytes that the event loop makes', async () => {
  expect(manifest.archiveLength).toBeGreaterThan(4 << 20) // else no thread is asked
  const inThreads = await readAll(openArchive(chunks, manifest).read())
  const here = await readAll(openArchive(withoutThreads(chunks), manifest).read())
  expect(inThreads.equals(here)).toBe(true)
  expect(inThreads.length).toBe(manifest.archiveLength)
  expect(gunzipSync(inThreads).equals(plainArchive(bodies, 'tar', 'files_live/'))).toBe(true)
})

test('several readers share the threads', async () => {
  const archive = openArchive(chunks, manifest)
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => readAll(archive.read())))
  for (const other of others) expect(first?.equals(other)).toBe(true)
})

test('a flipped bit in a pack ends the read with CHUNK_DAMAGED, behind good bytes only', async () => {
  const whole = await readAll(openArchive(chunks, manifest).read())
  const ref = await someFragment()
  const place = chunks.place(ref)
  const { path, bytes } = chunks.packFile(place.pack)
  const at = place.offset + 60
  bytes[at] = (bytes[at] ?? 0) ^ 4
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
  const got: Buffer[] = []
  const read = async (): Promise<void> => {
    for await (const piece of openArchive(chunks, manifest).read()) got.push(piece)
  }
  await expect(read()).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' })
  const before = Buffer.concat(got)
  expect(before.equals(whole.subarray(0, before.length))).toBe(true)
})

test('a pack that was replaced after the look-up is looked up again', async () => {
  const whole = await readAll(openArchive(chunks, manifest).read())
  await spanThreads(chunks.directory, chunks.keys.key).close() // it holds the old file open
  const ref = await someFragment()
  const old = chunks.place(ref).pack
  const { path } = chunks.packFile(old)
  const replacement = `7${old.slice(1)}` // the shard follows from the last letters
  renameSync(path, path.replace(old, replacement))
  // From here on locate() is behind the times, as it may be while a long download runs; readFragment() looks again.
  const stale = {
    directory: chunks.directory,
    keys: chunks.keys,
    locate: (refs: readonly ChunkRef[]) => chunks.locate(refs),
    readChunk: async (chunk: ChunkRef) => chunks.readChunk(chunk, renamed(chunk)),
    readFragment: async (chunk: ChunkRef) => chunks.readFragment(chunk, renamed(chunk)),
  }
  const renamed = (chunk: ChunkRef) => {
    const place = chunks.place(chunk)
    return place.pack === old ? { ...place, pack: replacement } : place
  }
  expect((await readAll(openArchive(stale, manifest).read())).equals(whole)).toBe(true)
})

test('threads that were closed start again', async () => {
  const threads = spanThreads(chunks.directory, chunks.keys.key)
  await readAll(openArchive(chunks, manifest).read())
  await threads.close()
  expect((await readAll(openArchive(chunks, manifest).read())).length).toBe(manifest.archiveLength)
})

test('a span under way fails when the threads are closed', async () => {
  const threads = spanThreads(chunks.directory, chunks.keys.key)
  const ref = await someFragment()
  const span = threads.make([ref], [chunks.place(ref)])
  await Promise.all([expect(span).rejects.toThrow('ended'), threads.close()])
})

async function someFragment(): Promise<ChunkRef> {
  const refs = (await listOf(entriesOf(chunks, manifest))).flatMap((entry) => entry.chunks)
  const ref = refs.findLast((one) => one.encLen > 100)
  if (ref === undefined) throw new Error('no fragment')
  return ref
}

function withoutThreads(source: PackedChunks) {
  return {
    locate: (refs: readonly ChunkRef[]) => source.locate(refs),
    readChunk: (ref: ChunkRef) => source.readChunk(ref),
    readFragment: (ref: ChunkRef) => source.readFragment(ref),
  }
}
