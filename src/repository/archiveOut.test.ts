import { setTimeout } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  entryOf,
  fileOf,
  listOf,
  MemoryChunks,
  plainArchive,
  readAll,
  seeded,
  someTree,
  storeElement,
} from '../../test/memoryElement.ts'
import { amount, seedOr } from '../../test/soak.ts'
import { entriesOf, openArchive, readEntryBody, readSection, withBodies } from './archiveOut.ts'
import { buildManifest, decodeManifest, encodeManifest } from './manifest.ts'
import { encodePage, summarizePage } from './page.ts'

const mixes = amount({ few: 12, many: 10_000 })
const ranges = amount({ few: 250, many: 100_000 })
const first = seedOr(1)

test(`${mixes} random elements come out as the tar or dump that went in`, async () => {
  for (let seed = first; seed < first + mixes; seed++) {
    const random = seeded(seed)
    const form = seed % 4 === 0 ? 'sql' : 'tar'
    const prefix = seed % 3 === 0 ? 'files_dev/' : ''
    const bodies =
      form === 'sql' ? someTree(random(40), random).filter(({ entry }) => entry.kind === 'file') : someTree(random(200), random)
    const chunks = new MemoryChunks()
    const level = (): number => [0, 1, 6, 9][random(4)] ?? 6
    const manifest = storeElement(chunks, bodies, {
      form,
      prefix,
      level,
      chunkBytes: 1 + random(90_000),
      entriesInPageMax: 1 + random(120),
    })
    const archive = openArchive(chunks, decodeManifest(encodeManifest(manifest)))
    const whole = await readAll(archive.read())
    expect(whole.length).toBe(archive.lengthBytes)
    expect(gunzipSync(whole).equals(plainArchive(bodies, form, prefix)), `seed ${seed}`).toBe(true)
  }
})

test(`${ranges} random ranges equal slices of the whole`, async () => {
  const random = seeded(seedOr(7))
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, someTree(700, random), { prefix: 'files_dev/', entriesInPageMax: 90 })
  const archive = openArchive(chunks, manifest)
  const whole = await readAll(archive.read())
  const last = archive.lengthBytes - 1
  const edges = [0, 1, 9, 10, 11, last - 11, last - 10, last - 9, last - 1, last, ...pageEdges(manifest)]
  for (let i = 0; i < ranges; i++) {
    const anywhere = (): number => (random(3) === 0 ? (edges[random(edges.length)] ?? 0) : random(archive.lengthBytes))
    const [a, b] = [anywhere(), random(4) === 0 ? -1 : anywhere()]
    const start = b < 0 ? a : Math.min(a, b)
    const endInclusive = b < 0 ? Math.min(last, a + random(200)) : Math.max(a, b)
    const part = await readAll(archive.read({ start, endInclusive }))
    if (!part.equals(whole.subarray(start, endInclusive + 1))) expect.fail(`bytes ${start}-${endInclusive} differ`)
  }
}, 0)

test('one byte out of the middle reads one page and at most one fragment', async () => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, someTree(2000, seeded(3)))
  expect(manifest.pages.length).toBeGreaterThan(5)
  const at = Math.floor(manifest.archiveLength / 2)
  await readAll(openArchive(chunks, manifest).read({ start: at, endInclusive: at }))
  expect(chunks.reads.chunks).toBe(1)
  expect(chunks.reads.fragments).toBeLessThanOrEqual(1)
})

test('the ends of the archive need no page', async () => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, someTree(50, seeded(3)))
  const archive = openArchive(chunks, manifest)
  await readAll(archive.read({ start: 0, endInclusive: 9 }))
  await readAll(archive.read({ start: archive.lengthBytes - 10, endInclusive: archive.lengthBytes - 1 }))
  expect(chunks.reads).toEqual({ chunks: 0, fragments: 0 })
})

test('a body of 200,000 chunks is looked up and read in pieces', async () => {
  const chunks = new MemoryChunks()
  const ref = chunks.put(Buffer.from('0123456789'))
  const entry = { ...entryOf('big', { sizeBytes: 2_000_000 }), chunks: Array<typeof ref>(200_000).fill(ref) }
  const summary = summarizePage([entry], 0, { prefix: '', form: 'tar' })
  const page = { ...summary, ref: chunks.put(encodePage([entry])), firstPath: entry.path }
  const facts = { element: 'files', archivePrefix: '', chunker: 'test', form: 'tar', rawBytes: 2_000_000, facts: {} } as const
  const manifest = buildManifest({ ...facts, madeAt: '2026-01-02T03:04:05Z', pages: [page] }, chunks.etagKey)
  let asked = 0
  const locate = (refs: readonly (typeof ref)[]) => {
    asked = Math.max(asked, refs.length)
    return chunks.locate(refs)
  }
  const source = { locate, readChunk: chunks.readChunk.bind(chunks), readFragment: chunks.readFragment.bind(chunks) }
  const whole = gunzipSync(await readAll(openArchive(source, manifest).read()))
  expect(whole.subarray(512, 512 + 2_000_000).equals(Buffer.from('0123456789'.repeat(200_000)))).toBe(true)
  expect(asked).toBeLessThanOrEqual(2000)
})

test('an element without entries is an archive that opens', async () => {
  const chunks = new MemoryChunks()
  expect(gunzipSync(await readAll(openArchive(chunks, storeElement(chunks, [])).read()))).toEqual(Buffer.alloc(1024))
  expect(gunzipSync(await readAll(openArchive(chunks, storeElement(chunks, [], { form: 'sql' })).read())).length).toBe(0)
})

test('a range outside the archive is refused at once', () => {
  const chunks = new MemoryChunks()
  const archive = openArchive(chunks, storeElement(chunks, []))
  for (const [start, endInclusive] of [
    [-1, 0],
    [5, 4],
    [0, archive.lengthBytes],
    [0.5, 1],
  ] as const) {
    expect(() => archive.read({ start, endInclusive })).toThrow('is not within')
  }
})

test('a damaged fragment ends the read with CHUNK_DAMAGED, behind good bytes only', async () => {
  const chunks = new MemoryChunks()
  const bodies = someTree(300, seeded(5))
  const manifest = storeElement(chunks, bodies, { entriesInPageMax: 100 })
  const archive = openArchive(chunks, manifest)
  const whole = await readAll(archive.read())
  const victim = bodies.findLast(({ body }) => body.length > 0)
  const entries = await listOf(entriesOf(chunks, manifest))
  const ref = entries.find((entry) => entry.path.equals(victim?.entry.path ?? Buffer.alloc(0)))?.chunks[0]
  chunks.fragments.delete(ref?.encMac.toString('hex') ?? '')
  const got: Buffer[] = []
  const read = async (): Promise<void> => {
    for await (const piece of archive.read()) got.push(piece)
  }
  await expect(read()).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' })
  const before = Buffer.concat(got)
  expect(before.length).toBeLessThan(whole.length)
  expect(before.equals(whole.subarray(0, before.length))).toBe(true)
})

test('a page that is not the one of the root ends the read with MANIFEST_DAMAGED', async () => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, someTree(300, seeded(5)), { entriesInPageMax: 100 })
  const [first, second] = manifest.pages
  if (first === undefined || second === undefined) expect.fail('two pages are needed')
  chunks.raws.set(second.ref.id.toString('hex'), chunks.raws.get(first.ref.id.toString('hex')) ?? Buffer.alloc(0))
  await expect(readAll(openArchive(chunks, manifest).read())).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
})

test('a fragment of another length than the page says is never sent', async () => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, [fileOf('a', Buffer.from('text'))])
  for (const [id, fragment] of chunks.fragments) chunks.fragments.set(id, Buffer.concat([fragment, Buffer.of(0)]))
  await expect(readAll(openArchive(chunks, manifest).read())).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' })
})

test('a signal ends the read', async () => {
  const chunks = new MemoryChunks()
  const archive = openArchive(chunks, storeElement(chunks, someTree(300, seeded(5))))
  const stop = new AbortController()
  const read = async (): Promise<void> => {
    for await (const _ of archive.read(undefined, stop.signal)) stop.abort()
  }
  await expect(read()).rejects.toMatchObject({ name: 'AbortError' })
})

test('a reader that stops early leaves nothing behind that fails unheard', async () => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, someTree(1500, seeded(5)))
  for (const page of manifest.pages.slice(1)) chunks.raws.delete(page.ref.id.toString('hex'))
  for await (const _ of openArchive(chunks, manifest).read()) break
  await setTimeout(20) // an unhandled rejection would fail the run
})

test('the event loop stays free while a source that answers at once is read', async () => {
  const chunks = new MemoryChunks()
  const archive = openArchive(chunks, storeElement(chunks, someTree(3000, seeded(9))))
  let turns = 0
  const timer = setInterval(() => void turns++, 1)
  let pieces = 0
  for await (const _ of archive.read()) pieces++
  clearInterval(timer)
  expect(pieces).toBeGreaterThan(5)
  expect(turns).toBeGreaterThan(1)
})

test('entriesOf() and readEntryBody() give back what was stored', async () => {
  const chunks = new MemoryChunks()
  const bodies = someTree(400, seeded(11))
  const manifest = storeElement(chunks, bodies, { chunkBytes: 1000, entriesInPageMax: 70 })
  let index = 0
  for await (const { chunks: refs, ...entry } of entriesOf(chunks, manifest)) {
    expect(entry).toEqual(bodies[index]?.entry)
    const body = await readAll(readEntryBody(chunks, { ...entry, chunks: refs }))
    expect(body.equals(bodies[index]?.body ?? Buffer.alloc(1))).toBe(true)
    index++
  }
  expect(index).toBe(bodies.length)
})

test('withBodies() gives each entry its body, also where some are skipped, and looks places up for many at once', async () => {
  const chunks = new MemoryChunks()
  const bodies = someTree(400, seeded(12))
  const manifest = storeElement(chunks, bodies, { chunkBytes: 1000, entriesInPageMax: 70 })
  let asked = 0
  const counting = {
    readChunk: (...given: Parameters<MemoryChunks['readChunk']>) => chunks.readChunk(...given),
    locate: (...given: Parameters<MemoryChunks['locate']>) => (asked++, chunks.locate(...given)),
  }
  let index = 0
  for await (const { entry, body } of withBodies(counting, entriesOf(chunks, manifest))) {
    const wanted = bodies[index]
    expect(entry.path.equals(wanted?.entry.path ?? Buffer.alloc(0))).toBe(true)
    if (index++ % 3 > 0) expect((await readAll(body)).equals(wanted?.body ?? Buffer.alloc(1))).toBe(true)
  }
  expect(index).toBe(bodies.length)
  expect(asked).toBeLessThan(bodies.length / 10)
})

test('readSection() gives one section of a database, and says when there is none', async () => {
  const chunks = new MemoryChunks()
  const names = ['header', 'table/a/../b/ddl', 'table/a/../b/data', 'trailer']
  const manifest = storeElement(
    chunks,
    names.map((name) => fileOf(name, Buffer.from(`-- ${name}\n`))),
    { form: 'sql' },
  )
  expect((await readAll(readSection(chunks, manifest, 'table/a/../b/data'))).toString()).toBe('-- table/a/../b/data\n')
  await expect(readAll(readSection(chunks, manifest, 'table/a'))).rejects.toMatchObject({ code: 'ELEMENT_MISSING' })
})

test.each(['../x', 'a/../b', '/a', 'a//b', 'a/.', '.', '..', 'a\0b', 'a/'])('entriesOf() refuses the path %j', async (path) => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, [{ entry: entryOf(path), body: Buffer.alloc(0) }])
  await expect(listOf(entriesOf(chunks, manifest))).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
})

test.each(['', 'a', '...', 'a/..b', '.htaccess', 'a/.git/x', '..a', 'a./b'])('entriesOf() takes the path %j', async (path) => {
  const chunks = new MemoryChunks()
  const manifest = storeElement(chunks, [{ entry: entryOf(path, { kind: 'directory' }), body: Buffer.alloc(0) }])
  expect((await listOf(entriesOf(chunks, manifest))).length).toBe(1)
})

function pageEdges(manifest: { pages: { archiveLength: number }[] }): number[] {
  let at = 10
  return manifest.pages.flatMap((page) => {
    at += page.archiveLength
    return [at - 1, at]
  })
}
