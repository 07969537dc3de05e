import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entryOf, seeded } from '../../../test/memoryElement.ts'
import { PackedChunks } from '../../../test/packedElement.ts'
import { quietRun } from '../../base/run.ts'
import { playForward } from '../../releases/apply/play.ts'
import { prepareApply } from '../../releases/apply/prepare.ts'
import type { FetchJob } from '../../releases/apply/types.ts'
import { newWorkName } from '../../releases/apply/work.ts'
import type { StoredEntry } from '../../repository/types.ts'
import { type FileThreads, openFileThreads } from './writeFiles.ts'

let base = ''
let chunks: PackedChunks
let threads: FileThreads
const bodies = new Map<StoredEntry, Buffer>()

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'cairn-write-'))
  mkdirSync(join(base, 'repository'))
  chunks = new PackedChunks(join(base, 'repository'))
  const random = seeded(11)
  for (let index = 0; index < 400; index++) {
    const length = index === 0 ? 0 : index === 1 ? 3_500_000 : random(9000)
    const body = Buffer.alloc(length)
    for (let at = 0; at < length; at += 1 + random(40)) body[at] = random(256)
    bodies.set(store(`f${String(index).padStart(3, '0')}`, body), body)
  }
  await chunks.flush()
  threads = openFileThreads(chunks)
})
afterAll(async () => {
  await threads.close()
  chunks.close()
  rmSync(base, { recursive: true, force: true })
})

function store(path: string, body: Buffer): StoredEntry {
  const refs = []
  for (let at = 0; at < body.length; at += 700_000) refs.push(chunks.put(body.subarray(at, at + 700_000)))
  const mtimeNs = 1_700_000_000_123_456_789n + BigInt(body.length)
  return { ...entryOf(path, { kind: 'file', mode: 0o640, mtimeNs, sizeBytes: body.length }), chunks: refs }
}

function jobsInto(directory: string, entries: Iterable<StoredEntry>): FetchJob<StoredEntry>[] {
  mkdirSync(directory)
  return Array.from(entries, (entry) => ({ entry, to: Buffer.from(`${directory}/${entry.path}`), mode: entry.mode, owner: null }))
}

test('write() gives every file its content, mode and time to the microsecond', async () => {
  await threads.write(jobsInto(join(base, 'out'), bodies.keys()))
  for (const [entry, body] of bodies) {
    const path = join(base, 'out', entry.path.toString())
    if (!readFileSync(path).equals(body)) expect.fail(`${path} differs`)
    const stat = statSync(path, { bigint: true })
    expect(stat.mtimeNs / 1000n).toBe(entry.mtimeNs / 1000n)
    expect(stat.mode & 0o777n).toBe(0o640n)
  }
})

test.skipIf(process.getuid?.() !== 0)('write() sets the owner before the mode, so that setgid stays', async () => {
  const [entry] = bodies.keys()
  const to = Buffer.from(join(base, 'owned'))
  await threads.write([{ entry: entry as StoredEntry, to, mode: 0o2755, owner: { uid: 33, gid: 4243 } }])
  const stat = lstatSync(to)
  expect([stat.uid, stat.gid, stat.mode & 0o7777]).toEqual([33, 4243, 0o2755])
})

test('write() never writes over what is there, and follows no link', async () => {
  const [entry] = bodies.keys()
  const victim = join(base, 'victim')
  const link = join(base, 'link')
  writeFileSync(victim, 'untouched')
  symlinkSync(victim, link)
  for (const to of [victim, link]) {
    await expect(threads.write([{ entry: entry as StoredEntry, to: Buffer.from(to), mode: 0o600, owner: null }])).rejects.toThrow(
      'EEXIST',
    )
  }
  expect(readFileSync(victim, 'utf8')).toBe('untouched')
})

test('isSame() tells equal content from other content of the same size, and from what is no file', async () => {
  const [first, second, third] = [...bodies].slice(1)
  for (const [entry, body] of [first, second, third].filter((each) => each !== undefined)) {
    const path = join(base, `same-${entry.path}`)
    writeFileSync(path, body)
    expect(await threads.isSame(entry, Buffer.from(path))).toBe(true)
    const changed = Buffer.from(body)
    changed[body.length - 1] = (changed[body.length - 1] ?? 0) ^ 1
    writeFileSync(path, changed)
    expect(await threads.isSame(entry, Buffer.from(path))).toBe(false)
    writeFileSync(path, Buffer.concat([body, Buffer.from('x')]))
    expect(await threads.isSame(entry, Buffer.from(path))).toBe(false)
    rmSync(path)
    symlinkSync('/etc/passwd', path)
    expect(await threads.isSame(entry, Buffer.from(path))).toBe(false)
    expect(await threads.isSame(entry, Buffer.from(`${path}-missing`))).toBe(false)
  }
})

test('an apply out of the repository: 400 files into nothing, then only what was changed', async () => {
  const tree = join(base, 'site')
  mkdirSync(tree)
  let written = 0
  const part = {
    roots: [{ directory: tree, at: '' }],
    keep: () => false,
    async *want() {
      yield { ...entryOf('', { kind: 'directory', mode: 0o755, mtimeNs: 1_600_000_000_000_000_000n }), chunks: [] }
      yield* bodies.keys()
    },
    sameContent: (entry: StoredEntry, current: { full: Buffer }) => threads.isSame(entry, current.full),
    fetch: async (jobs: FetchJob<StoredEntry>[]) => {
      written += jobs.length
      await threads.write(jobs)
    },
  }
  const apply = async (): Promise<void> => {
    const plan = await prepareApply({ parts: [part], workName: newWorkName(), run: quietRun(), syncDisk: async () => {} })
    await playForward(plan.home, { syncDisk: async () => {} })
  }
  await apply()
  expect(written).toBe(400)
  writeFileSync(join(tree, 'f007'), 'broken')
  rmSync(join(tree, 'f008'))
  written = 0
  await apply()
  expect(written).toBe(2)
  for (const [entry, body] of bodies) if (!readFileSync(join(tree, entry.path.toString())).equals(body)) expect.fail('differs')
})

test('a damaged chunk is an error, never a file', async () => {
  const body = Buffer.alloc(5000, 'damage me')
  const entry = store('damaged', body)
  await chunks.flush()
  const place = chunks.place(entry.chunks[0] as (typeof entry.chunks)[0])
  const { path, bytes } = chunks.packFile(place.pack)
  bytes[place.offset + 60] = (bytes[place.offset + 60] ?? 0) ^ 0xff
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
  const fresh = openFileThreads(chunks)
  try {
    await expect(fresh.write(jobsInto(join(base, 'damaged'), [entry]))).rejects.toMatchObject({ code: 'CHUNK_DAMAGED' })
    const wrong = { ...entry, sizeBytes: 4999, chunks: [chunks.put(Buffer.alloc(5000, 'whole'))] }
    await chunks.flush()
    await expect(fresh.write(jobsInto(join(base, 'wrong'), [wrong]))).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  } finally {
    await fresh.close()
  }
})
