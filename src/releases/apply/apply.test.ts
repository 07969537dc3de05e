import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { onEachChange } from '../../hosts/local/changes.ts'
import { playBack, playForward } from './play.ts'
import { prepareApply, previewApply, refreshApply } from './prepare.ts'
import { describeTree, optionsFrom, partFrom } from './randomTree.suite.ts'
import { applyState, dropUndo, recoverApply } from './recover.ts'
import { newWorkName } from './work.ts'

const isRoot = process.getuid?.() === 0
let base = ''
let tree = ''
let model = ''

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'cairn-apply-'))
  tree = join(base, 'tree')
  model = join(base, 'model')
  mkdirSync(tree)
  mkdirSync(model)
})
afterEach(() => {
  onEachChange(null)
  rmSync(base, { recursive: true, force: true })
})

/** Writes files; a name that ends in `/` is a directory. */
function put(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(path, text)
  }
}

function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !path.includes('.cairn-')) found[path.slice(directory.length + 1)] = readFileSync(path, 'utf8')
  }
  return found
}

async function apply(parts: Parameters<typeof optionsFrom>[0], run = quietRun()): Promise<string> {
  const options = optionsFrom(parts, newWorkName(), run)
  const plan = await prepareApply(options)
  await refreshApply(options, plan)
  await playForward(plan.home, options)
  return plan.home
}

test('what is kept is never touched: files, directories, what they stand in, and what the backup says of them', async () => {
  put(tree, {
    'wp-config.php': 'mine',
    'old/deep/keep.txt': 'kept',
    'old/deep/go.txt': 'x',
    'old/other/go.txt': 'x',
    'cache/a': 'kept too',
  })
  put(model, { 'wp-config.php': 'theirs', 'cache/b': 'b', 'new.txt': 'n', '.env': 'restored where missing' })
  const before = describeTree(tree, true)
  const kept = {
    keep: (path: string) => path === 'old/deep/keep.txt' || path === 'cache',
    keepPresent: (path: string) => ['wp-config.php', '.env'].includes(path),
  }
  const home = await apply([partFrom(tree, model, kept)])
  expect(contents(tree)).toEqual({
    'wp-config.php': 'mine',
    'old/deep/keep.txt': 'kept',
    'cache/a': 'kept too',
    'new.txt': 'n',
    '.env': 'restored where missing',
  })
  expect(existsSync(join(tree, 'old/other'))).toBe(false)
  await playBack(home)
  expect(describeTree(tree, true)).toEqual(before)
})

test('a directory that holds kept entries is not replaced by a file: refused before anything is changed', async () => {
  put(tree, { 'a/keep.txt': 'kept' })
  put(model, { a: 'a file' })
  const before = describeTree(tree, true)
  await expect(apply([partFrom(tree, model, { keep: (path) => path === 'a/keep.txt' })])).rejects.toMatchObject({
    code: 'APPLY_CONFLICT',
  })
  for (const name of readdirSync(tree)) if (name.startsWith('.cairn-')) await recoverApply(join(tree, name))
  expect(describeTree(tree, true)).toEqual(before)
})

test('code and files are one apply: a root inside another, one elsewhere and one that is missing are made', async () => {
  const elsewhere = join(base, 'private')
  put(tree, { 'index.php': '1', 'content/themes/a': 'a' })
  put(elsewhere, { 'secret.pdf': '1', 'gone.pdf': '1' })
  put(model, {
    'code/index.php': '2',
    'code/content/plugins/p': 'p',
    'files/2024/a.jpg': 'jpeg',
    'files/b.jpg': 'b',
    'private/secret.pdf': '2',
  })
  const uploads = join(tree, 'content/uploads')
  const before = describeTree(base, true)
  const files = partFrom(uploads, join(model, 'files'))
  const parts = [partFrom(tree, join(model, 'code')), files, partFrom(elsewhere, join(model, 'private'))]
  const home = await apply(parts)
  expect(contents(tree)).toEqual({
    'index.php': '2',
    'content/plugins/p': 'p',
    'content/uploads/2024/a.jpg': 'jpeg',
    'content/uploads/b.jpg': 'b',
  })
  expect(contents(elsewhere)).toEqual({ 'secret.pdf': '2' })
  // applied again: nothing to do, the uploads are no part of the code
  const { counts } = await previewApply(optionsFrom(parts, ''))
  expect(counts).toMatchObject({ filesAdded: 0, filesChanged: 0, filesRemoved: 0, othersChanged: 0 })
  await playBack(home)
  expect(describeTree(base, true)).toEqual(before)
  await playForward(home)
  dropUndo(home)
  expect(readdirSync(elsewhere)).toEqual(['secret.pdf'])
  expect(contents(tree)['content/uploads/b.jpg']).toBe('b')
})

test.each([[''], ['above/']])('a directory in which another part comes to stand keeps its time: %scontent', async (above) => {
  const files = join(base, 'files')
  mkdirSync(files)
  put(model, { [`${above}content/themes/a.php`]: 'a' })
  put(files, { 'b.jpg': 'b' })
  const time = 1_600_000_000
  for (const path of [`${above}content`, above]) utimesSync(join(model, path), time, time)
  const uploads = join(tree, above, 'content/uploads')
  const code = partFrom(tree, model)
  const home = await apply([code, partFrom(tree, files, { roots: [{ directory: uploads, at: '' }] })])
  expect(contents(tree)).toEqual({ [`${above}content/themes/a.php`]: 'a', [`${above}content/uploads/b.jpg`]: 'b' })
  expect(lstatSync(join(tree, above, 'content')).mtimeMs).toBeCloseTo(time * 1000, 2)
  await playBack(home)
  expect(contents(tree)).toEqual({})
  await playForward(home, { syncDisk: async () => {} })
  expect(lstatSync(join(tree, above, 'content')).mtimeMs).toBeCloseTo(time * 1000, 2)
})

test('several roots of one element go where they stand', async () => {
  put(base, { 'one/a': '1', 'two/b': '1', 'two/old': '1' })
  put(model, { a: '2', 'sub/b': '2' })
  const roots = [
    { directory: join(base, 'one'), at: '' },
    { directory: join(base, 'two'), at: 'sub' },
  ]
  await apply([partFrom(tree, model, { roots })])
  expect(contents(join(base, 'one'))).toEqual({ a: '2' })
  expect(contents(join(base, 'two'))).toEqual({ b: '2' })
})

test('refreshApply() sees what the site changed after the plan was made', async () => {
  put(tree, { 'same.txt': 'same', 'changes.txt': 'same', 'goes.txt': 'same', 'd/x': 'x', 'differs.txt': 'now' })
  put(model, {
    'same.txt': 'same',
    'changes.txt': 'same',
    'goes.txt': 'same',
    'd/x': 'x',
    'differs.txt': 'then',
    'added.txt': 'a',
  })
  let compared: string[] = []
  let fetched: string[] = []
  const part = partFrom(tree, model)
  const watched = partFrom(tree, model, {
    sameContent: (wanted, current) => {
      compared.push(current.path.toString())
      return part.sameContent(wanted, current)
    },
    fetch: (jobs) => {
      fetched.push(...jobs.map((job) => job.entry.path.toString()))
      return part.fetch(jobs)
    },
  })
  const past = Date.now() / 1000 - 3600
  utimesSync(join(tree, 'changes.txt'), past, past)
  await new Promise((resolve) => setTimeout(resolve, 80)) // younger files are always compared again
  const options = optionsFrom([watched], newWorkName())
  const plan = await prepareApply(options)
  expect(fetched.sort()).toEqual(['added.txt', 'differs.txt'])
  writeFileSync(join(tree, 'changes.txt'), 'SAME')
  utimesSync(join(tree, 'changes.txt'), past, past) // as an attacker or rsync would
  rmSync(join(tree, 'goes.txt'))
  writeFileSync(join(tree, 'd/upload.jpg'), 'late upload')
  compared = []
  fetched = []
  const { counts } = await refreshApply(options, plan)
  expect(compared).toEqual(['changes.txt'])
  expect(fetched.sort()).toEqual(['changes.txt', 'goes.txt'])
  expect(counts).toMatchObject({ filesAdded: 2, filesChanged: 2, filesRemoved: 1 })
  await playForward(plan.home, options)
  expect(contents(tree)).toEqual(contents(model))
  await playBack(plan.home, options)
  expect(contents(tree)['d/upload.jpg']).toBe('late upload')
})

test('a parent that became a link meanwhile is not followed: the link joins the undo set', async () => {
  put(base, { 'outside/victim.txt': 'untouched' })
  put(tree, { 'uploads/a.txt': 'old', 'uploads/b.txt': 'same' })
  put(model, { 'uploads/a.txt': 'new', 'uploads/victim.txt': 'written by the restore', 'uploads/b.txt': 'same' })
  const run = quietRun()
  const options = optionsFrom([partFrom(tree, model)], newWorkName(), run)
  const plan = await prepareApply(options)
  renameSync(join(tree, 'uploads'), join(tree, 'moved'))
  symlinkSync(join(base, 'outside'), join(tree, 'uploads'))
  await playForward(plan.home, options)
  expect(contents(join(base, 'outside'))).toEqual({ 'victim.txt': 'untouched' })
  expect(lstatSync(join(tree, 'uploads')).isDirectory()).toBe(true)
  expect(readFileSync(join(tree, 'uploads/victim.txt'), 'utf8')).toBe('written by the restore')
  expect(run.warnings.map((warning) => warning.code)).toContain('PARENT_MADE_ANEW')
  await playBack(plan.home, options)
  expect(contents(join(base, 'outside'))).toEqual({ 'victim.txt': 'untouched' })
})

test('what appears in the way while it is played is moved aside, never overwritten', async () => {
  put(model, { 'new.txt': 'wanted' })
  const run = quietRun()
  const options = optionsFrom([partFrom(tree, model)], newWorkName(), run)
  const plan = await prepareApply(options)
  writeFileSync(join(tree, 'new.txt'), 'an upload')
  await playForward(plan.home, options)
  expect(contents(tree)).toEqual({ 'new.txt': 'wanted' })
  expect(run.warnings.map((warning) => warning.code)).toEqual(['ENTRY_SET_ASIDE'])
  expect(readFileSync(join(plan.home, 'out/0.late0'), 'utf8')).toBe('an upload')
})

test('a work directory that somebody replaced by a link is refused', async () => {
  put(model, { 'new.txt': 'wanted' })
  const options = optionsFrom([partFrom(tree, model)], newWorkName())
  const plan = await prepareApply(options)
  renameSync(plan.home, join(base, 'stolen'))
  symlinkSync(join(base, 'stolen'), plan.home)
  await expect(playForward(plan.home, options)).rejects.toMatchObject({ code: 'APPLY_CONFLICT' })
  await expect(recoverApply(plan.home)).rejects.toMatchObject({ code: 'APPLY_CONFLICT' })
  rmSync(plan.home)
  await expect(playForward(plan.home, options)).rejects.toMatchObject({ code: 'UNDO_MISSING' })
})

test('a root that is reached through a link is refused with the reason', async () => {
  symlinkSync(tree, join(base, 'through'))
  await expect(apply([partFrom(join(base, 'through'), model)])).rejects.toMatchObject({ code: 'PREFLIGHT_REFUSED' })
})

test('previewApply() counts and touches nothing', async () => {
  put(tree, { 'a/1': 'x', 'a/2': 'xy', b: 'same', c: 'old' })
  put(model, { b: 'same', c: 'newer', 'd/e/f': 'four' })
  const before = describeTree(tree, true)
  const { counts, changes } = await previewApply(optionsFrom([partFrom(tree, model)], ''))
  expect(counts).toMatchObject({ filesAdded: 1, filesChanged: 1, filesRemoved: 2, bytesToWrite: 9, bytesRemoved: 6 })
  expect(changes.map((change) => `${change.change} ${change.path}`)).toEqual([
    'removed a',
    'changed c',
    'added d',
    'added d/e',
    'added d/e/f',
  ])
  expect(describeTree(tree, true)).toEqual(before)
})

test('a cancelled run leaves the site as it was', async () => {
  put(model, Object.fromEntries(Array.from({ length: 50 }, (_each, index) => [`f${index}`, 'x'])))
  const stop = new AbortController()
  const options = optionsFrom([partFrom(tree, model, { fetch: async () => stop.abort() })], newWorkName(), quietRun(stop.signal))
  await expect(prepareApply(options)).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
  expect(await recoverApply(join(tree, options.workName))).toBe('old')
  expect(readdirSync(tree)).toEqual([])
})

test('recoverApply() of nothing is old, of an ended apply is new, and both may be repeated', async () => {
  put(model, { a: 'a' })
  expect(await recoverApply(join(tree, newWorkName()))).toBe('old')
  const home = await apply([partFrom(tree, model)])
  expect(await recoverApply(home)).toBe('new')
  expect(await recoverApply(home)).toBe('new')
  expect(applyState(home)).toBe('done')
  dropUndo(home)
  dropUndo(home)
  expect(applyState(home)).toBeNull()
})

test('a socket that stands where a file belongs goes to the undo set and comes back', async () => {
  execFileSync('mkfifo', [join(tree, 'a')])
  put(model, { a: 'a' })
  const home = await apply([partFrom(tree, model)])
  expect(readFileSync(join(tree, 'a'), 'utf8')).toBe('a')
  await playBack(home)
  expect(lstatSync(join(tree, 'a')).isFIFO()).toBe(true)
})

test.skipIf(!isRoot)('as root an entry gets the owner of the one it replaces, a new one that of its directory', async () => {
  put(tree, { 'theirs/a': 'old', 'ours/b': 'old' })
  chownSync(join(tree, 'theirs'), 33, 33)
  chownSync(join(tree, 'theirs/a'), 4242, 4243)
  put(model, {
    'theirs/a': 'new',
    'theirs/new': 'n',
    'theirs/dir/deep': 'd',
    'theirs/named': 'n',
    'ours/b': 'new',
    'theirs/foreign': 'f',
  })
  for (const name of ['theirs/new', 'theirs/dir', 'theirs/dir/deep']) chownSync(join(model, name), 33, 33)
  chownSync(join(model, 'theirs/named'), 4242, 4243)
  chownSync(join(model, 'theirs/foreign'), 5555, 5555)
  chmodSync(join(model, 'theirs/foreign'), 0o6755)
  await apply([partFrom(tree, model)])
  const owners = Object.keys(contents(model)).map(
    (name) => `${name} ${lstatSync(join(tree, name)).uid}:${lstatSync(join(tree, name)).gid}`,
  )
  expect(owners.sort()).toEqual([
    'ours/b 0:0',
    'theirs/a 4242:4243',
    'theirs/dir/deep 33:33',
    'theirs/foreign 33:33', // nobody of that name owns anything in this tree
    'theirs/named 4242:4243', // at home in this tree: kept by name
    'theirs/new 33:33',
  ])
  expect(lstatSync(join(tree, 'theirs/foreign')).mode & 0o7777).toBe(0o755) // no setuid for another owner
})

const otherAccount = { uid: 4242, gid: 4243 }
const readsCheckout = isRoot && spawnSync(process.execPath, ['--check', import.meta.filename], otherAccount).status === 0
if (isRoot && !readsCheckout) console.warn('SKIPPED: applies as another account (none may read this checkout)')

test.skipIf(!readsCheckout)(
  'as a member of the group new files get group write; a tree that is not group-writable is refused',
  () => {
    put(tree, { 'a.txt': 'old', 'sub/same.txt': 'same' })
    put(model, { 'a.txt': 'new', 'b/c.txt': 'c', 'sub/same.txt': 'same' })
    execFileSync('chown', ['-R', '33:4243', tree])
    execFileSync('chmod', ['-R', 'u=rwX,g=rwXs,o=rX', tree])
    chmodSync(base, 0o755)
    const apply = (): ReturnType<typeof spawnSync> => {
      const args = [join(import.meta.dirname, 'killedApply.suite.ts'), 'apply', tree, model, newWorkName()]
      return spawnSync(process.execPath, args, { ...otherAccount, encoding: 'utf8' })
    }
    expect(apply()).toMatchObject({ status: 0 })
    expect(contents(tree)).toEqual(contents(model))
    const made = lstatSync(join(tree, 'b/c.txt'))
    expect([made.uid, made.gid, (made.mode & 0o777).toString(8)]).toEqual([4242, 4243, '664'])
    expect(lstatSync(join(tree, 'b')).mode & 0o777).toBe(0o775)
    expect(lstatSync(join(tree, 'sub/same.txt')).uid).toBe(33)

    writeFileSync(join(tree, 'sub/extra.txt'), 'to be removed')
    chmodSync(join(tree, 'sub'), 0o755)
    const refused = apply()
    expect(refused.status).not.toBe(0)
    expect(String(refused.stderr)).toContain('not writable for Cairn')
    expect(existsSync(join(tree, 'sub/extra.txt'))).toBe(true)
  },
)

const mayMount = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0
if (!mayMount) console.warn('SKIPPED: mounts inside a tree (this machine does not let the test mount)')

test.skipIf(!mayMount)('a mount inside gets a work directory of its own, is never moved and never emptied', () => {
  put(base, { 'disk/kept.jpg': 'live', 'disk/old.jpg': 'o' })
  put(tree, { 'uploads/': '', 'goes/inner/': '', 'goes/x': 'x', 'config.php': 'c' })
  put(base, { 'other/live.jpg': 'live' })
  put(model, { 'uploads/kept.jpg': 'live', 'uploads/new.jpg': 'n', 'config.php': 'changed' })
  const child = join(import.meta.dirname, 'killedApply.suite.ts')
  const script = `set -e
    mount --bind ${base}/disk ${tree}/uploads
    mount --bind ${base}/other ${tree}/goes/inner
    touch ${base}/file-mount; mount --bind ${base}/file-mount ${tree}/config.php
    "$1" ${child} apply ${tree} ${model} "$2"
    "$1" ${child} back ${tree} ${model} "$2"
    "$1" ${child} forward ${tree} ${model} "$2"
    mount --bind ${base}/other ${tree}/$2/out
    ! "$1" ${child} drop ${tree} ${model} "$2" 2> ${base}/refusal
    umount ${tree}/$2/out
    "$1" ${child} drop ${tree} ${model} "$2"`
  const result = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, newWorkName()], { encoding: 'utf8' })
  expect(result.status, result.stderr).toBe(0)
  expect(readFileSync(join(base, 'refusal'), 'utf8')).toContain('is mounted inside')
  expect(contents(join(base, 'disk'))).toEqual({ 'kept.jpg': 'live', 'new.jpg': 'n' })
  // the backup lacks what is mounted at goes/inner: its content goes, the mount point stays
  expect(readdirSync(join(base, 'other'))).toEqual([])
  expect(existsSync(join(tree, 'goes/inner'))).toBe(true)
  expect(existsSync(join(tree, 'goes/x'))).toBe(false)
  expect(readdirSync(join(base, 'disk')).filter((name) => name.startsWith('.cairn'))).toEqual([])
})
