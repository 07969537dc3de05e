import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { apply, contents, put, useEachTrees } from './apply.suite.ts'
import { playBack, playForward } from './play.ts'
import { prepareApply, refreshApply } from './prepare.ts'
import { optionsFrom, partFrom } from './randomTree.suite.ts'
import { recoverApply } from './recover.ts'
import { newWorkName } from './work.ts'

let base = ''
let tree = ''
let model = ''
useEachTrees((trees) => void ({ base, tree, model } = trees))

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
  await playBack(plan.home, options)
  expect(contents(tree)).toEqual({ 'new.txt': 'an upload' })
  await playForward(plan.home, options)
  expect(contents(tree)).toEqual({ 'new.txt': 'wanted' })
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

test('a cancelled run leaves the site as it was', async () => {
  put(model, Object.fromEntries(Array.from({ length: 50 }, (_each, index) => [`f${index}`, 'x'])))
  const stop = new AbortController()
  const options = optionsFrom([partFrom(tree, model, { fetch: async () => stop.abort() })], newWorkName(), quietRun(stop.signal))
  await expect(prepareApply(options)).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
  expect(await recoverApply(join(tree, options.workName))).toBe('old')
  expect(readdirSync(tree)).toEqual([])
})

test('a socket that stands where a file belongs goes to the undo set and comes back', async () => {
  execFileSync('mkfifo', [join(tree, 'a')])
  put(model, { a: 'a' })
  const home = await apply([partFrom(tree, model)])
  expect(readFileSync(join(tree, 'a'), 'utf8')).toBe('a')
  await playBack(home)
  expect(lstatSync(join(tree, 'a')).isFIFO()).toBe(true)
})
