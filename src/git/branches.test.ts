import { expect, test } from 'vitest'
import { commitTree } from './commitTree.ts'
import { isDeployTag, listDeployTags, tagDeploy } from './deployTags.ts'
import { aheadBehind, log, mergeBase } from './history.ts'
import { dropUndo, listUndos, resetTo, revertTo, undoTip } from './moveBranch.ts'
import { readNote, writeNote } from './notes.ts'
import { findCommit, isRefName, listRefs, moveRefs } from './refs.ts'
import { signatureLine, signatureOf } from './signature.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'
import { author, commitSketch, entriesOf, type Sketch, useEachPlace, userGit } from './testing.suite.ts'

let repository: SiteRepository
useEachPlace((made) => void (repository = made.repository))

const commit = (sketch: Sketch, message = 'm'): Promise<string> => commitSketch(repository, sketch, message)

test('a revert is a new commit with the old tree; a reset keeps the old tip as an undo', async () => {
  const first = await commit({ a: '1' }, 'first')
  const second = await commit({ a: '2' }, 'second')
  const back = await revertTo(repository, first, { message: 'Back to the first', author })
  expect(back).toMatchObject({ kind: 'committed', parent: second })
  expect(await revertTo(repository, first, { message: 'again', author })).toMatchObject({ kind: 'unchanged' })
  expect((await log(repository, defaultBranch, 10)).map(({ subject }) => subject)).toEqual([
    'Back to the first',
    'second',
    'first',
  ])
  expect(userGit(repository.directory, ['show', 'master:a'])).toBe('1')

  expect(await resetTo(repository, first, { undoId: '01ABC' })).toMatchObject({ kind: 'moved', before: back.commit })
  expect((await log(repository, defaultBranch, 10)).map(({ id }) => id)).toEqual([first])
  expect(await undoTip(repository, '01ABC')).toBe(back.commit)
  expect(await listUndos(repository)).toEqual([{ undoId: '01ABC', commit: back.commit }])
  await expect(resetTo(repository, second, { undoId: '01ABC' })).rejects.toMatchObject({ code: 'CODE_MOVED' })
  expect(await findCommit(repository, 'master')).toBe(first)
  await dropUndo(repository, '01ABC')
  await dropUndo(repository, '01ABC')
  expect(await listUndos(repository)).toEqual([])
  await expect(resetTo(repository, second, { undoId: '../x' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
})

test('a branch that moved meanwhile is never overwritten', async () => {
  const first = await commit({ a: '1' })
  const second = await commit({ a: '2' })
  const move = { ref: defaultBranch, from: first, to: first }
  await expect(moveRefs(repository, [{ ref: 'refs/heads/x', from: null, to: first }, move])).rejects.toMatchObject({
    code: 'CODE_MOVED',
    retry: 'later',
  })
  expect((await listRefs(repository)).map(({ name, commit: id }) => [name, id])).toEqual([[defaultBranch, second]])
})

test('deploys count per environment, also at the same time, with the note as the message', async () => {
  const id = await commit({ a: '1' })
  const tag = (environment: string, note: string) => tagDeploy(repository, { environment, commit: id, note, tagger: author })
  expect(await tag('test', 'First deploy\n\nwith details')).toEqual({ name: 'cairn_test_1', number: 1, commit: id })
  const more = await Promise.all([tag('live', 'a'), tag('live', 'b'), tag('live', 'c'), tag('test', '')])
  expect(more.map(({ name }) => name).sort()).toEqual(['cairn_live_1', 'cairn_live_2', 'cairn_live_3', 'cairn_test_2'])
  expect((await listDeployTags(repository, 'live')).map(({ number }) => number)).toEqual([1, 2, 3])
  expect(userGit(repository.directory, ['tag', '-l', '-n9', 'cairn_test_1'])).toContain('with details')
  expect(await findCommit(repository, 'cairn_test_1')).toBe(id)
  userGit(repository.directory, ['fsck', '--strict'])
  await expect(tag('../x', '')).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  expect([isDeployTag('refs/tags/cairn_live_9'), isDeployTag('refs/tags/v1.0')]).toEqual([true, false])
})

test('notes stand beside commits and change nothing of them', async () => {
  const id = await commit({ a: '1' })
  expect(await readNote(repository, id)).toBeNull()
  await writeNote(repository, id, 'Restored from a backup', author)
  await writeNote(repository, id, 'Restored from another backup', author)
  expect(await readNote(repository, id)).toBe('Restored from another backup')
  expect(await findCommit(repository, id.slice(0, 7))).toBe(id)
})

test('how far two branches are apart', async () => {
  const base = await commit({ a: '1' })
  await commit({ a: '2' })
  const main = await commit({ a: '3' })
  await moveRefs(repository, [{ ref: 'refs/heads/side', from: null, to: base }])
  const side = (await commitTree(repository, { entries: entriesOf({ b: '1' }), branch: 'refs/heads/side', message: 'm', author }))
    .commit
  expect(await aheadBehind(repository, main, side)).toEqual({ ahead: 2, behind: 1 })
  expect(await mergeBase(repository, main, side)).toBe(base)
  const alone = (
    await commitTree(repository, { entries: entriesOf({ b: '1' }), branch: 'refs/heads/alone', message: 'm', author })
  ).commit
  expect(await mergeBase(repository, main, alone)).toBeNull()
})

test('log() gives messages whole, and pages', async () => {
  await commit({ a: '1' }, 'One\n\nTwo lines\nof text, ünïcode')
  await commit({ a: '2' }, '')
  const [newest, oldest] = await log(repository, defaultBranch, 5)
  expect(newest).toMatchObject({ message: '(no message)', parents: [oldest?.id], author })
  expect(oldest).toMatchObject({ subject: 'One', message: 'One\n\nTwo lines\nof text, ünïcode', parents: [] })
  expect((await log(repository, defaultBranch, 1, 1)).map(({ id }) => id)).toEqual([oldest?.id])
})

test('names from people reach git only as names', async () => {
  await commit({ a: '1' })
  for (const name of ['--all', '-h', 'master^', 'master@{1}', ':/m', 'HEAD:a', '', 'refs/heads/', 'x'.repeat(300), 'deadbeef']) {
    await expect(findCommit(repository, name)).rejects.toMatchObject({ code: 'COMMIT_NOT_FOUND' })
  }
  for (const name of ['refs/heads/a..b', 'refs/heads/.a', 'refs/heads/a.lock', 'refs/../x', 'refs/heads/a b', 'HEAD', 'refs/x']) {
    expect(isRefName(name)).toBe(false)
  }
  expect(isRefName('refs/heads/feature/größe-1')).toBe(true)
})

test('a signature holds what a hostile name leaves of itself', () => {
  const at = new Date(0)
  const actor = { kind: 'person', id: 'eve@example.org', name: 'Eve\n<x> committer ' } as const
  expect(signatureLine(signatureOf(actor, at))).toBe('Evex committer <eve@example.org> 0 +0000')
  expect(signatureLine(signatureOf({ kind: 'token', id: '01X', name: '' }, at))).toBe('unknown <01X@token.cairn.invalid> 0 +0000')
})
