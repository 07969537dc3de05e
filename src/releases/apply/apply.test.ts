import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apply, contents, put, useEachTrees } from './apply.suite.ts'
import { playBack, playForward } from './play.ts'
import { previewApply } from './prepare.ts'
import { describeTree, optionsFrom, partFrom } from './randomTree.suite.ts'
import { applyState, dropUndo, recoverApply } from './recover.ts'
import { newWorkName } from './work.ts'

let base = ''
let tree = ''
let model = ''
useEachTrees((trees) => void ({ base, tree, model } = trees))

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
