import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apply, contents, put, useEachTrees } from './apply.suite.ts'
import { partFrom } from './randomTree.suite.ts'
import { newWorkName } from './work.ts'

const isRoot = process.getuid?.() === 0
let base = ''
let tree = ''
let model = ''
useEachTrees((trees) => void ({ base, tree, model } = trees))

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
