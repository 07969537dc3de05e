import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Entry } from '../../archive/entry.ts'
import { quietRun } from '../../base/run.ts'
import type { FetchJob } from '../apply/types.ts'
import { copyKnown } from './copyKnown.ts'
import { layTree } from './layTree.ts'
import { settleTree } from './settleTree.ts'

const isRoot = process.geteuid?.() === 0
const owner = isRoot ? { uid: 32_111_222, gid: 32_111_222 } : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
let base: string
let from: string
let to: string
let fetched: string[]
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-lay-')))
  from = join(base, 'from')
  to = join(base, 'to')
  for (const path of [from, to]) mkdirSync(path)
  fetched = []
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

interface Wanted {
  path: string
  text?: string
  target?: string
  mode?: number
}

const mtimeNs = 1_600_000_000_123_456_000n

function entryOf({ path, text, target, mode }: Wanted): Entry {
  const kind = text !== undefined ? 'file' : target !== undefined ? 'link' : 'directory'
  return {
    ...{ path: Buffer.from(path), kind, mode: mode ?? (kind === 'directory' ? 0o755 : 0o644), mtimeNs },
    ...{ uid: 33, gid: 33, user: 'www-data', group: 'www-data', secret: false, linkGroup: 0 },
    ...{ sizeBytes: text?.length ?? 0, target: Buffer.from(target ?? '') },
  }
}

/** As a backup records it. */
function recordOf(path: string) {
  const { ino, ctimeNs, size, mtimeNs } = lstatSync(join(from, path), { bigint: true })
  return { ino, ctimeNs, sizeBytes: Number(size), mtimeNs }
}

function lay(wanted: Wanted[], source: string | null = from) {
  const texts = new Map(wanted.map(({ path, text }) => [path, text ?? '']))
  return layTree({
    to,
    from: source,
    want: (async function* () {
      for (const item of wanted) yield entryOf(item)
    })(),
    sameContent: async (entry, current) => readFileSync(current.full, 'utf8') === texts.get(entry.path.toString()),
    async fetch(jobs: FetchJob[]) {
      for (const job of jobs) {
        fetched.push(job.entry.path.toString())
        writeFileSync(job.to, texts.get(job.entry.path.toString()) ?? '', { flag: 'wx' })
        chmodSync(job.to, job.mode)
      }
    },
    owner,
    run: quietRun(),
  })
}

test('what the other tree has is copied, the rest is fetched; both become what is wanted', async () => {
  mkdirSync(join(from, 'a'))
  writeFileSync(join(from, 'a/same'), 'same text')
  writeFileSync(join(from, 'a/size'), 'equal size')
  writeFileSync(join(from, 'a/other'), 'another length')
  chmodSync(join(from, 'a/same'), 0o600)
  const counts = await lay([
    { path: '' },
    { path: 'a', mode: 0o555 },
    { path: 'a/link', target: '../b' },
    { path: 'a/new', text: 'new' },
    { path: 'a/other', text: 'longer than before' },
    { path: 'a/same', text: 'same text', mode: 0o4755 },
    { path: 'a/size', text: 'EQUAL SIZE' },
    { path: 'implied/deep/file', text: 'x', mode: 0o444 },
  ])
  expect(counts).toEqual({ filesCopied: 1, filesFetched: 4, bytesCopied: 9, bytesFetched: 3 + 18 + 10 + 1 })
  expect(fetched.sort()).toEqual(['a/new', 'a/other', 'a/size', 'implied/deep/file'])
  expect(readFileSync(join(to, 'a/size'), 'utf8')).toBe('EQUAL SIZE')
  expect(readlinkSync(join(to, 'a/link'))).toBe('../b')
  const same = statSync(join(to, 'a/same'), { bigint: true })
  expect(same.nlink).toBe(1n) // a site that writes into it changes no other release
  expect(same.ino).not.toBe(statSync(join(from, 'a/same'), { bigint: true }).ino)
  expect(Number(same.mode & 0o7777n).toString(8)).toBe('755') // no setuid: it is the site's now
  expect(same.mtimeNs / 1000n).toBe(mtimeNs / 1000n)
  expect([Number(same.uid), Number(same.gid)]).toEqual([owner.uid, owner.gid])
  expect(statSync(join(to, 'a')).mode & 0o777).toBe(0o755) // the site can always write what is its own
  expect(statSync(join(to, 'a'), { bigint: true }).mtimeNs / 1000n).toBe(mtimeNs / 1000n)
  writeFileSync(join(to, 'a/same'), 'changed by the site')
  expect(readFileSync(join(from, 'a/same'), 'utf8')).toBe('same text')
})

test('a directory of the other tree that is a link leads nowhere', async () => {
  mkdirSync(join(base, 'secret'))
  writeFileSync(join(base, 'secret/key'), 'of Cairn')
  symlinkSync(join(base, 'secret'), join(from, 'a'))
  symlinkSync(join(base, 'secret/key'), join(from, 'key'))
  await lay([{ path: '' }, { path: 'a' }, { path: 'a/key', text: 'of Cairn' }, { path: 'key', text: 'of Cairn' }])
  expect(fetched.sort()).toEqual(['a/key', 'key'])
})

test('nothing is written through a link of the tree itself', async () => {
  mkdirSync(join(base, 'outside'))
  const wanted = [{ path: '' }, { path: 'a', target: join(base, 'outside') }, { path: 'a/file', text: 'x' }]
  await expect(lay(wanted)).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  expect(() => statSync(join(base, 'outside/file'))).toThrow('ENOENT')
})

test('a file that changes while it is judged is fetched', async () => {
  writeFileSync(join(from, 'file'), 'before')
  const wanted = entryOf({ path: 'file', text: 'before' })
  let asked = 0
  await layTree({
    to,
    from,
    want: (async function* () {
      yield wanted
    })(),
    // a cache that knows the content by inode and ctime only says so for these
    async sameContent(_, current) {
      asked += 1
      return current.ctimeNs === 0n
    },
    async fetch(jobs) {
      for (const job of jobs) {
        expect(lstatSync(job.to, { throwIfNoEntry: false })).toBe(undefined) // the copy is gone
        fetched.push(job.entry.path.toString())
      }
    },
    owner,
    run: quietRun(),
  })
  expect([asked, fetched]).toEqual([1, ['file']])
})

test('what is known of a file is believed, and asked in the order of paths', async () => {
  const wanted: Wanted[] = [{ path: '' }]
  for (let i = 100; i < 140; i++) wanted.push({ path: `f${i}`, text: 'x'.repeat(i % 3 === 0 ? 100_000 : i) })
  for (const { path, text } of wanted.slice(1)) writeFileSync(join(from, path), text ?? '')
  const asked: string[] = []
  const read: string[] = []
  const counts = await layTree({
    to,
    from,
    want: (async function* () {
      for (const item of wanted) yield entryOf(item)
    })(),
    known(entry) {
      const path = entry.path.toString()
      asked.push(path)
      if (path < 'f110') return { isSame: true, ...recordOf(path) }
      return path < 'f120' ? { isSame: false } : null
    },
    async sameContent(entry) {
      read.push(entry.path.toString())
      return true
    },
    async fetch(jobs) {
      for (const { entry } of jobs) fetched.push(entry.path.toString())
    },
    owner,
    run: quietRun(),
  })
  const names = wanted.slice(1).map(({ path }) => path)
  expect(asked).toEqual(names)
  expect(fetched).toEqual(names.filter((name) => name >= 'f110' && name < 'f120'))
  expect(read.toSorted()).toEqual(names.filter((name) => name >= 'f120'))
  expect(counts).toMatchObject({ filesCopied: 30, filesFetched: 10 })
  expect(readFileSync(join(to, 'f102'), 'utf8')).toBe('x'.repeat(100_000))
})

test('a known file that was touched since, replaced or taken away is looked at anew; in threads as here', async () => {
  const names = Array.from({ length: 200 }, (_, i) => `f${100 + i}`)
  for (const name of names) writeFileSync(join(from, name), name)
  const records = new Map(names.map((name) => [name, recordOf(name)]))
  const [touched = '', gone = '', linked = '', replaced = ''] = names.slice(70)
  writeFileSync(join(from, touched), 'f-of')
  for (const name of [gone, linked, replaced]) rmSync(join(from, name))
  symlinkSync(join(from, 'f100'), join(from, linked))
  mkdirSync(join(from, replaced))
  const read: string[] = []
  const counts = await layTree({
    to,
    from,
    want: (async function* () {
      for (const name of names) yield entryOf({ path: name, text: name })
    })(),
    known: (entry) => ({ isSame: true, ...(records.get(entry.path.toString()) ?? expect.fail()) }),
    copy: async (copies) => copyKnown(structuredClone(copies)),
    async sameContent(entry) {
      read.push(entry.path.toString())
      return false
    },
    async fetch(jobs) {
      for (const { entry } of jobs) fetched.push(entry.path.toString())
    },
    owner,
    run: quietRun(),
  })
  expect(read).toEqual([touched])
  expect(fetched.toSorted()).toEqual([touched, gone, linked, replaced].toSorted())
  expect(counts.filesCopied).toBe(196)
  expect(readdirSync(to)).toHaveLength(196)
  const same = statSync(join(to, 'f102'), { bigint: true })
  expect([same.nlink, Number(same.mode & 0o7777n), same.mtimeNs / 1000n]).toEqual([1n, 0o644, mtimeNs / 1000n])
})

test.runIf(isRoot)('all that was laid belongs to the site already, named by the archive or not', async () => {
  mkdirSync(join(from, 'a'))
  writeFileSync(join(from, 'a/same'), 'same')
  chmodSync(join(from, 'a/same'), 0o4400)
  await lay([
    { path: 'a', mode: 0o500 },
    { path: 'a/link', target: 'same' },
    { path: 'a/same', text: 'same', mode: 0o4400 },
    { path: 'implied/deep/link', target: 'x' },
  ])
  const paths = ['', 'a', 'a/link', 'a/same', 'implied', 'implied/deep', 'implied/deep/link']
  const look = (): unknown[] => paths.map((path) => lstatSync(join(to, path))).map(({ uid, gid, mode }) => ({ uid, gid, mode }))
  const laid = look()
  expect(laid.every((one) => (one as { uid: number }).uid === owner.uid)).toBe(true)
  await settleTree(to, owner)
  expect(look()).toEqual(laid)
})

test('many files of all sizes come out whole', async () => {
  const wanted: Wanted[] = [{ path: '' }]
  for (let i = 100; i < 400; i++) {
    const text = String.fromCharCode(65 + (i % 26)).repeat(i % 7 === 0 ? 200_000 : i)
    wanted.push({ path: `f${i}`, text })
    if (i % 3 > 0) writeFileSync(join(from, `f${i}`), i % 3 === 1 ? text : text.toLowerCase())
  }
  const counts = await lay(wanted)
  expect(counts.filesCopied).toBe(100)
  expect(counts.filesFetched).toBe(200)
  for (const { path, text } of wanted.slice(1)) expect(readFileSync(join(to, path), 'utf8') === text, path).toBe(true)
})

test.runIf(isRoot)('settleTree() gives a tree to its site, links as links', async () => {
  mkdirSync(join(to, 'a'))
  writeFileSync(join(to, 'a/file'), 'x')
  chmodSync(join(to, 'a/file'), 0o4444)
  chmodSync(join(to, 'a'), 0o500)
  writeFileSync(join(base, 'outside'), 'x')
  symlinkSync(join(base, 'outside'), join(to, 'a/link'))
  const at = new Date('2020-01-01')
  utimesSync(join(to, 'a/file'), at, at)
  await settleTree(to, owner)
  for (const path of ['', 'a', 'a/file', 'a/link']) expect(lstatSync(join(to, path)).uid, path).toBe(owner.uid)
  expect(statSync(join(to, 'a/file')).mode & 0o7777).toBe(0o644)
  expect(statSync(join(to, 'a')).mode & 0o7777).toBe(0o700)
  expect(statSync(join(to, 'a/file')).mtime).toEqual(at)
  expect(statSync(join(base, 'outside')).uid).toBe(0)
  renameSync(to, join(base, 'gone'))
  await expect(settleTree(to, owner)).rejects.toThrow('ENOENT')
})
