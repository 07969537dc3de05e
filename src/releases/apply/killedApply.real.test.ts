import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { amount, seedOr } from '../../../test/soak.ts'
import { killedApplyFile } from './killedApply.suite.ts'
import { chanceOf, describeTree, giveTree, growTree, mutateTree, setRandomMetadata } from './randomTree.suite.ts'
import { newWorkName } from './work.ts'

const isRoot = process.getuid?.() === 0
const owner = { uid: 4242, gid: 4243 }
const rounds = amount({ few: 7, many: 300 })
const first = seedOr(1)

test(
  'an apply killed before any change ends old or new, and undo gives back exactly what was',
  { timeout: 20_000 * rounds },
  () => {
    const seen = { kills: 0, old: 0, new: 0, undone: 0 }
    for (let seed = first; seed < first + rounds; seed++) round(seed, null, seen)
    expectAllSeen(seen)
  },
)

test.skipIf(!isRoot)('the same as an ordinary owner of the tree', { timeout: 20_000 * rounds }, () => {
  const seen = { kills: 0, old: 0, new: 0, undone: 0 }
  for (let seed = first + 1000; seed < first + 1000 + rounds; seed++) round(seed, owner, seen)
  expectAllSeen(seen)
})

/**
 * Meanwhile the site deletes files that the plan moves and makes others where it removes: between the plan and the play, and
 * before the way back. Times are not compared, they are the site's.
 */
test(
  'the same while files vanish and appear: what was deleted between is all that is missing',
  { timeout: 20_000 * rounds },
  () => {
    const seen = { kills: 0, old: 0, new: 0, undone: 0 }
    for (let seed = first + 2000; seed < first + 2000 + rounds * 2; seed++) meanwhileRound(seed, seen)
    expect(seen.kills).toBeGreaterThan(rounds * 2)
    expect(seen.undone).toBeGreaterThan(rounds)
  },
)

/** Every third kill is before the play, every second way back is not killed: what chance decides beyond that is not counted on. */
function expectAllSeen(seen: { kills: number; old: number; undone: number }): void {
  expect(seen.kills).toBeGreaterThan(rounds * 0.8)
  expect(seen.old).toBeGreaterThanOrEqual(Math.floor(rounds / 3))
  expect(seen.undone).toBeGreaterThanOrEqual(Math.floor(rounds / 7))
}

function meanwhileRound(seed: number, seen: { kills: number; undone: number }): void {
  const base = mkdtempSync(join(tmpdir(), 'cairn-kill-'))
  const chance = chanceOf(seed * 7919)
  const tree = join(base, 'tree')
  const model = join(base, 'model')
  const workName = newWorkName()
  const step = (name: string, killAt = 0, vanishing: string[] = [], on = tree): string => {
    const args = [killedApplyFile, name, on, model, workName, String(killAt), JSON.stringify(vanishing)]
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache(0) }
    const result = spawnSync(process.execPath, args, { encoding: 'utf8', env })
    if (result.signal === 'SIGKILL') seen.kills += 1
    else expect(result.status, `seed ${seed}, ${name}: ${result.stderr}`).toBe(0)
    return result.stdout
  }
  const recover = (): string => {
    if (chance.fraction() < 0.5) step('recover', 1 + chance.below(40))
    return step('recover')
  }
  try {
    growTree(chance, tree, 2)
    setRandomMetadata(chance, tree)
    chmodSync(tree, 0o755)
    copyTree(tree, model)
    mutateTree(chance, model)
    const before = describe(tree)
    const wanted = describe(model)
    const some = (from: Map<string, string>, other: Map<string, string>): string[] =>
      [...from].flatMap(([path, what]) =>
        !what.startsWith('directory') && other.get(path) !== what && chance.fraction() < 0.6 ? [path] : [],
      )
    const vanishing = some(before, wanted)
    const probe = join(base, 'probe')
    copyTree(tree, probe)
    const [playFrom = 0, total = 0] = step('apply', 0, vanishing, probe).split('/').map(Number)
    expect(describe(probe), `seed ${seed}: without a kill`).toEqual(wanted)

    step('apply', playFrom + 1 + chance.below(total - playFrom), vanishing)
    for (const path of vanishing) before.delete(path)
    if (recover() === 'old') {
      expect(describe(tree), `seed ${seed}: old`).toEqual(before)
      return
    }
    expect(describe(tree), `seed ${seed}: new`).toEqual(wanted)
    const deleted = some(wanted, before)
    for (const path of deleted) rmSync(tree + path)
    // where a name is free again, the site makes something of its own
    for (const path of before.keys()) {
      const isFree = !wanted.has(path) && wanted.get(dirname(path))?.startsWith('directory') === true
      if (isFree && chance.fraction() < 0.6) writeFileSync(tree + path, 'made meanwhile')
    }
    step('back', 2 + chance.below(total - playFrom))
    recover()
    if (readFileSync(`${tree}/${workName}/state`, 'utf8') === 'done') return // killed before the way back was begun
    expect(describe(tree), `seed ${seed}: undone`).toEqual(before)
    seen.undone += 1
    for (const path of deleted) wanted.delete(path)
    step('forward', 2 + chance.below(total - playFrom))
    if (recover() === 'old') return // killed before it was begun again
    expect(describe(tree), `seed ${seed}: forward again`).toEqual(wanted)
  } finally {
    unlock(base)
    rmSync(base, { recursive: true, force: true })
  }
}

/** Kind and content of each path, without modes and times. */
function describe(directory: string): Map<string, string> {
  return new Map(
    describeTree(directory, false).map((line) => {
      const [path = '', kind, _mode, _time, body] = line.split(' | ')
      return [path, `${kind} ${body}`] as const
    }),
  )
}

function round(
  seed: number,
  as: { uid: number; gid: number } | null,
  seen: { kills: number; old: number; new: number; undone: number },
): void {
  const base = mkdtempSync(join(tmpdir(), 'cairn-kill-'))
  const chance = chanceOf(seed * 7919)
  const tree = join(base, 'tree')
  const model = join(base, 'model')
  const workName = newWorkName()
  const step = (name: string, killAt = 0, on = tree): SpawnSyncReturns<string> => {
    const args = [killedApplyFile, name, on, model, workName, String(killAt)]
    // most of a child's 250 ms would be spent on reading our own source
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache(as?.uid ?? 0) }
    const result = spawnSync(process.execPath, args, { encoding: 'utf8', env, ...as })
    if (result.signal === 'SIGKILL') seen.kills += 1
    else expect(result.status, `seed ${seed}, ${name}: ${result.stderr}`).toBe(0)
    return result
  }
  try {
    chmodSync(base, 0o755)
    growTree(chance, tree, 2)
    setRandomMetadata(chance, tree)
    chmodSync(tree, 0o755)
    copyTree(tree, model)
    mutateTree(chance, model)
    if (as !== null) for (const directory of [base, tree, model]) giveTree(directory, as.uid, as.gid)
    const before = describeTree(tree, true)
    const beforeContent = describeTree(tree, false)
    const wanted = describeTree(model, false)

    const probe = join(base, 'probe')
    copyTree(tree, probe)
    if (as !== null) giveTree(probe, as.uid, as.gid)
    const [playFrom = 0, total = 0] = step('apply', 0, probe).stdout.split('/').map(Number)
    expect(describeTree(probe, false), `seed ${seed}: without a kill`).toEqual(wanted)

    const killAt = seed % 3 === 0 ? 1 + chance.below(playFrom) : playFrom + 1 + chance.below(total - playFrom)
    step('apply', killAt)
    if (chance.fraction() < 0.5) step('recover', 1 + chance.below(40))
    const outcome = step('recover').stdout
    if (outcome === 'new') expect(describeTree(tree, false), `seed ${seed}: new`).toEqual(wanted)
    // the work directory that came and went may have left another time on the top directory, when killed right then
    else expect(withoutTopTime(describeTree(tree, false)), `seed ${seed}: old`).toEqual(withoutTopTime(beforeContent))
    if (outcome !== 'new') {
      seen.old += 1
      expect(readdirSync(tree).filter((name) => name.startsWith('.cairn-'))).toEqual([])
      return
    }
    seen.new += 1
    step('back', seed % 2 === 0 ? 0 : 1 + chance.below(total - playFrom))
    if (chance.fraction() < 0.5) step('recover', 1 + chance.below(40))
    step('recover')
    if (readFileSync(`${tree}/${workName}/state`, 'utf8') === 'done') return // killed before the way back was begun
    expect(describeTree(tree, true), `seed ${seed}: undone`).toEqual(before)
    seen.undone += 1
    step('forward')
    expect(describeTree(tree, false), `seed ${seed}: forward again`).toEqual(wanted)
    step('drop', chance.fraction() < 0.5 ? 1 + chance.below(30) : 0)
    step('drop')
    expect(existsSync(`${tree}/${workName}`)).toBe(false)
    expect(withoutTopTime(describeTree(tree, false)), `seed ${seed}: undo set dropped`).toEqual(withoutTopTime(wanted))
  } finally {
    unlock(base)
    rmSync(base, { recursive: true, force: true })
  }
}

const caches = new Map<number, string>()
afterAll(() => caches.forEach((cache) => rmSync(cache, { recursive: true, force: true })))

function compileCache(uid: number): string {
  let cache = caches.get(uid)
  if (cache === undefined) {
    cache = mkdtempSync(join(tmpdir(), 'cairn-cache-'))
    chmodSync(cache, 0o777)
    caches.set(uid, cache)
  }
  return cache
}

function withoutTopTime(lines: string[]): string[] {
  return [lines[0]?.replace(/\d{12,}/, 'any time') ?? '', ...lines.slice(1)]
}

function copyTree(from: string, to: string): void {
  mkdirSync(to)
  const result = spawnSync('cp', ['-a', '-T', from, to], { encoding: 'utf8' })
  expect(result.status, result.stderr).toBe(0)
}

function unlock(directory: string): void {
  if (isRoot) return
  chmodSync(directory, statSync(directory).mode | 0o700)
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) unlock(join(directory, entry.name))
}
