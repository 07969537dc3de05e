// An apply that ends at any change to the disk, of a site that deletes and makes files meanwhile: nothing is lost.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onEachChange } from '../../hosts/local/changes.ts'
import { apply, contents, put, useEachTrees } from './apply.suite.ts'
import { playBack, playForward } from './play.ts'
import { prepareApply, refreshApply } from './prepare.ts'
import { optionsFrom, partFrom } from './randomTree.suite.ts'
import { recoverApply } from './recover.ts'
import { newWorkName } from './work.ts'

let tree = ''
let model = ''
useEachTrees((trees) => void ({ tree, model } = trees))

const changesMax = 60
const old = { 'a.php': 'OLD a', 'b.php': 'OLD b', 'c.php': 'OLD c', 'gone.php': 'OLD gone' }
const fresh = { 'a.php': 'NEW a', 'b.php': 'NEW b', 'c.php': 'NEW c', 'new.php': 'NEW new' }
const quick = { syncDisk: async (): Promise<void> => {} }

/** Ends `work` before its change number `at`. False where it made fewer. */
async function cut(at: number, work: () => Promise<unknown>): Promise<boolean> {
  let changes = 0
  onEachChange(() => {
    changes += 1
    if (changes >= at) throw new Error('killed')
  })
  try {
    await work()
    return false
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'killed') throw error
    return true
  } finally {
    onEachChange(null)
  }
}

/** Begins anew with `old` in the tree, and a plan that makes `fresh` of it. */
async function planned(): Promise<string> {
  for (const directory of [tree, model]) for (const name of Object.keys(contents(directory))) rmSync(join(directory, name))
  put(tree, old)
  put(model, fresh)
  const options = optionsFrom([partFrom(tree, model)], newWorkName())
  const plan = await prepareApply(options)
  await refreshApply(options, plan)
  return plan.home
}

const ways = ['recover', 'turn round'] as const
const files = ways.map((way) => ['b.php', way] as const)

test('what is played again after a crash has its own time, whatever came and went there meanwhile', async () => {
  const home = await planned()
  const [before, wanted] = [tree, model].map((directory) => statSync(directory, { bigint: true }).mtimeNs / 1000n)
  for (const [play, time] of [
    [playForward, wanted],
    [playBack, before],
  ] as const) {
    await play(home, quick)
    writeFileSync(join(tree, '.maintenance'), '')
    rmSync(join(tree, '.maintenance'))
    await play(home, quick)
    expect(statSync(tree, { bigint: true }).mtimeNs / 1000n).toBe(time)
  }
})

test.each(files)('an undo cut anywhere gives back %s, which the site deleted before: %s', async (name, way) => {
  for (let at = 1, isCut = true; isCut; at++) {
    expect(at).toBeLessThan(changesMax)
    const home = await planned()
    await playForward(home, quick)
    rmSync(join(tree, name))
    isCut = await cut(at, () => playBack(home, quick))
    if (way === 'turn round') {
      await playForward(home, quick)
      const { [name as 'a.php']: _deleted, ...others } = fresh
      expect(contents(tree), `cut at ${at}, turned round`).toEqual(others)
      await playBack(home, quick)
    } else {
      await cut(3, () => recoverApply(home, quick))
      if ((await recoverApply(home, quick)) === 'new') await playBack(home, quick)
    }
    expect(contents(tree), `cut at ${at}`).toEqual(old)
  }
})

test.each(files)('an apply cut anywhere brings in %s, which the site deleted before: %s', async (name, way) => {
  for (let at = 1, isCut = true; isCut; at++) {
    expect(at).toBeLessThan(changesMax)
    const home = await planned()
    rmSync(join(tree, name))
    isCut = await cut(at, () => playForward(home, quick))
    const { [name as 'a.php']: _deleted, ...others } = old
    if (way === 'turn round') {
      await playBack(home, quick)
      expect(contents(tree), `cut at ${at}, turned round`).toEqual(others)
      if (at === 1) continue // not begun: still `prepared`
      await playForward(home, quick)
    } else {
      await cut(3, () => recoverApply(home, quick))
      if ((await recoverApply(home, quick)) === 'old') continue
    }
    expect(contents(tree), `cut at ${at}`).toEqual(fresh)
    await playBack(home, quick)
    expect(contents(tree), `cut at ${at}, taken back`).toEqual(others)
    await playForward(home, quick)
    expect(contents(tree), `cut at ${at}, and forward again`).toEqual(fresh)
  }
})

test.each(ways)('what the site makes where the plan adds comes back with the undo, cut anywhere: %s', async (way) => {
  for (let at = 1, isCut = true; isCut; at++) {
    expect(at).toBeLessThan(changesMax)
    const home = await planned()
    writeFileSync(join(tree, 'new.php'), 'an upload')
    isCut = await cut(at, () => playForward(home, quick))
    if (way === 'recover' && (await recoverApply(home, quick)) === 'new') {
      expect(contents(tree), `cut at ${at}`).toEqual(fresh)
      rmSync(join(tree, 'new.php'))
      for (let again = at; await cut(again, () => playBack(home, quick)); again += 2)
        await cut(again, () => recoverApply(home, quick))
    }
    await playBack(home, quick).catch(() => {})
    expect(contents(tree), `cut at ${at}`).toEqual({ ...old, 'new.php': 'an upload' })
  }
})

test('a journal of the version before, which left no marks, is played on from its end and from its middle', async () => {
  put(tree, old)
  put(model, fresh)
  const home = await apply([partFrom(tree, model)])
  // b.php had vanished before it was moved out, and nothing said so
  const number = readPlanNumber(home, 'b.php')
  rmSync(join(home, `out/${number}`))
  for (let at = 1; await cut(at, () => playBack(home, quick)); at++) {
    expect(at).toBeLessThan(changesMax)
    const state = await recoverApply(home, quick)
    const { 'b.php': _vanished, ...others } = old
    expect(contents(tree), `cut at ${at}`).toEqual(state === 'new' ? fresh : others)
    await playForward(home, quick)
    rmSync(join(home, `out/${number}.none`), { force: true })
    expect(contents(tree), `cut at ${at}, and forward again`).toEqual(fresh)
  }
  // killed behind that: which of the two stands there cannot be known
  await playForward(home, quick)
  rmSync(join(home, `out/${number}.none`), { force: true })
  writeFileSync(join(home, 'state'), 'back')
  await recoverApply(home, quick)
  expect(contents(tree)).toEqual({ ...old, 'b.php': 'NEW b' })
})

function readPlanNumber(home: string, path: string): number {
  const lines = readFileSync(join(home, 'plan'), 'utf8').trim().split('\n')
  const moves = lines.map((line) => (JSON.parse(line) as { move?: { path: string; number: number } }).move)
  return moves.find((move) => move?.path === path)?.number ?? -1
}
