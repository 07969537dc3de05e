import { createCipheriv } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTar } from '../../archive/readTar.ts'
import { quietRun } from '../../base/run.ts'
import { runChild } from '../../base/spawn.ts'
import { openArchive } from '../../repository/archiveOut.ts'
import { backupOf, startTestRepository, type TestRepository } from '../../repository/testing.ts'
import { type Captured, captureTree, type CaptureTreeOptions } from './captureTree.ts'
import { stopIdleThreads } from './warmThreads.ts'

let home: TestRepository
/** Trees that are older than the 2 s within which no stat is trusted. */
const old = new Map<number, string>()
beforeAll(async () => {
  home = await startTestRepository()
  for (const seed of [3, 5, 6, 7, 8]) old.set(seed, makeTree(seed, seed === 7 ? 30 : 100))
  await new Promise((resolve) => setTimeout(resolve, 2100))
})
afterAll(async () => {
  await stopIdleThreads()
  await home.stop()
})

/** Numbers from a seed, so that a tree that fails can be made again. */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function bytes(next: () => number, length: number, compressible: boolean): Buffer {
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, next() * 256), Buffer.alloc(16, next() * 256)).update(
    Buffer.alloc(length),
  )
  return compressible ? Buffer.from(noise.toString('hex')).subarray(0, length) : noise
}

function makeTree(seed: number, files = 150): string {
  const next = random(seed)
  const top = mkdtempSync(join(home.directory, 'tree-'))
  const directories = ['.']
  for (let i = 0; i < 12; i++) {
    const below = join(directories[Math.floor(next() * directories.length)] as string, `d${i} ä`)
    mkdirSync(join(top, below))
    directories.push(below)
  }
  for (let i = 0; i < files; i++) {
    const directory = directories[Math.floor(next() * directories.length)] as string
    const kind = next()
    const length = kind < 0.1 ? 0 : kind < 0.9 ? Math.floor(next() * 9000) : Math.floor(next() * 500_000)
    const name = join(top, directory, `f${i}${next() < 0.3 ? '.jpg' : '.php'}`)
    writeFileSync(name, bytes(next, length, !name.endsWith('.jpg')))
    utimesSync(name, 1_600_000_000 + i, 1_600_000_000 + i + 0.123456)
  }
  writeFileSync(join(top, 'long.bin'), bytes(next, 5_000_000, false))
  writeFileSync(join(top, 'twin.bin'), readFileSync(join(top, 'long.bin')))
  symlinkSync('d0 ä/../../outside', join(top, 'link'))
  return top
}

async function capture(top: string, previous: Captured | null = null, more: Partial<CaptureTreeOptions> = {}): Promise<Captured> {
  const session = more.session ?? (await home.repository.openSession())
  const captured = await captureTree({
    repository: home.repository,
    session,
    root: { roots: [{ directory: top, at: '' }], exclude: [], secretPaths: [] },
    element: 'files',
    archivePrefix: 'files_dev/',
    previous,
    statCachePath: join(home.directory, `cache-${top.slice(-6)}`),
    paranoid: false,
    codec: { name: 'zlib', level: 1 },
    run: quietRun(),
    ...more,
  })
  if (more.session === undefined) await home.repository.commitBackup(session, backupOf(captured.manifest, captured.ref))
  return captured
}

async function extract(captured: Captured): Promise<string> {
  const to = mkdtempSync(join(home.directory, 'out-'))
  const parts: Buffer[] = []
  const archive = await openArchive(home.repository, captured.manifest)
  for await (const part of archive.read()) parts.push(part)
  const whole = Buffer.concat(parts)
  expect(whole.length).toBe(archive.lengthBytes)
  writeFileSync(join(to, 'archive.tar.gz'), whole)
  await runChild('tar', ['-xzf', join(to, 'archive.tar.gz'), '-C', to])
  return join(to, 'files_dev')
}

async function tarNames(captured: Captured): Promise<string[]> {
  const parts: Buffer[] = []
  for await (const part of (await openArchive(home.repository, captured.manifest)).read()) parts.push(part)
  const names: string[] = []
  async function* one(): AsyncGenerator<Buffer> {
    yield gunzipSync(Buffer.concat(parts))
  }
  for await (const { entry, body } of readTar(one())) {
    names.push(entry.path.toString())
    for await (const _ of body) continue
  }
  return names
}

test('a random tree comes back as it was', async () => {
  for (const seed of [1, 2]) {
    const top = makeTree(seed)
    const captured = await capture(top)
    const out = await extract(captured)
    await runChild('diff', ['-r', '--no-dereference', top, out])
    const list = (path: string) =>
      runChild('find', ['.', '-printf', '%P %y %m %l %s\\n'], { cwd: path }).then(({ stdout }) => stdout.split('\n').sort())
    const without = (lines: string[]) => lines.map((line) => line.replace(/^(.* d [0-7]+ ) ?[0-9]+$/, '$1'))
    expect(without(await list(out))).toEqual(without(await list(top)))
    expect(captured.warnings).toEqual([])
  }
  expect((await home.repository.check({ readData: true })).problems).toEqual([])
})

test('a tree that did not change gives the same manifest and reads no file', async () => {
  const top = old.get(3) as string
  const first = await capture(top)
  let items = -1
  const run = { ...quietRun(), progress: (change: { doneBytes?: number }) => void (items = change.doneBytes ?? items) }
  const second = await capture(top, first, { run })
  expect(second.unchanged).toBe(true)
  expect(second.ref).toEqual(first.ref)
  expect(items).toBe(0)
  const third = await capture(top, second, { paranoid: true })
  expect(third.unchanged).toBe(true)
})

test('what changed within 2 s of the scan is read again', async () => {
  const top = makeTree(4, 20)
  writeFileSync(join(top, 'young.txt'), 'one')
  const first = await capture(top)
  let read = 0
  const run = { ...quietRun(), progress: (change: { doneBytes?: number }) => void (read = Math.max(read, change.doneBytes ?? 0)) }
  await capture(top, first, { run })
  expect(read).toBeGreaterThan(0)
})

test('changes of every kind are seen, and stored chunks are found again', async () => {
  const top = old.get(5) as string
  const first = await capture(top)
  const before = await home.repository.stats()
  appendFileSync(join(top, 'long.bin'), 'tail')
  rmSync(join(top, 'twin.bin'))
  writeFileSync(join(top, 'new.php'), '<?php echo 1;')
  chmodSync(join(top, 'd0 ä'), 0o711)
  rmSync(join(top, 'link'))
  symlinkSync('elsewhere', join(top, 'link'))
  const second = await capture(top, first)
  expect(second.unchanged).toBe(false)
  await runChild('diff', ['-r', '--no-dereference', top, await extract(second)])
  const after = await home.repository.stats()
  expect(after.storedBytes - before.storedBytes).toBeLessThan(1_700_000) // the last chunk of long.bin and the pages
  // the first one is still whole
  expect((await tarNames(first)).length).toBe(first.manifest.entryCount)
})

test('touched files are read, but neither cut nor stored again', async () => {
  const top = old.get(6) as string
  const first = await capture(top)
  const before = await home.repository.stats()
  await runChild('find', [top, '-type', 'f', '-exec', 'touch', '{}', '+'])
  const second = await capture(top, first)
  const after = await home.repository.stats()
  expect(second.manifest.rawBytes).toBe(first.manifest.rawBytes)
  expect(after.storedBytes - before.storedBytes).toBeLessThan(100_000)
  await runChild('diff', ['-r', '--no-dereference', top, await extract(second)])
})

test('an archive prefix that changed makes other summaries of the same pages', async () => {
  const top = old.get(7) as string
  const first = await capture(top)
  const second = await capture(top, first, { archivePrefix: 'files_live/' })
  expect(second.unchanged).toBe(false)
  expect((await tarNames(second))[0]).toMatch(/^files_live/)
})

test('a chunk whose pack is gone is read from the tree again', async () => {
  const top = old.get(8) as string
  const first = await capture(top)
  await home.state.db.updateTable('pack').set({ state: 'missing' }).where('state', '=', 'live').execute()
  const second = await capture(top, first)
  await runChild('diff', ['-r', '--no-dereference', top, await extract(second)])
  // the old manifest is whole again: the same content is the same encoding
  await runChild('diff', ['-r', '--no-dereference', top, await extract(first)])
})

test('unreadable and vanished files are left out with a warning', async () => {
  const top = makeTree(9, 10)
  mkdirSync(join(top, 'sub'))
  await runChild('mkfifo', [join(top, 'sub', 'pipe')])
  const captured = await capture(top)
  expect(captured.warnings.map(({ code, path }) => [code, path])).toEqual([['ENTRY_SKIPPED', 'sub/pipe']])
})

test('a capture that is cancelled leaves no temporary file and no thread at work', async () => {
  const top = makeTree(10, 300)
  const controller = new AbortController()
  const run = { ...quietRun(controller.signal), progress: () => controller.abort() }
  const session = await home.repository.openSession()
  await expect(capture(top, null, { run, session })).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
  await session.close()
  const { stdout } = await runChild('find', [home.repository.directory, '-name', '.tmp.*'])
  expect(stdout).toBe('')
  await capture(top)
})

test('a root that is not there is a failure with its reason', async () => {
  const session = await home.repository.openSession()
  await expect(capture('/nowhere/at/all', null, { session })).rejects.toMatchObject({ code: 'ENVIRONMENT_UNREACHABLE' })
  await session.close()
})

test('two roots are one element', async () => {
  const top = makeTree(11, 10)
  const inner = makeTree(12, 10)
  const root = {
    roots: [
      { directory: top, at: '' },
      { directory: inner, at: 'uploads' },
    ],
    exclude: [{ path: 'd1 ä', reason: 'test' }],
    secretPaths: ['long.bin'],
  }
  const captured = await capture(top, null, { root })
  const names = await tarNames(captured)
  expect(names).toContain('files_dev/uploads/long.bin')
  expect(names.some((name) => name.startsWith('files_dev/d1 ä'))).toBe(false)
})
