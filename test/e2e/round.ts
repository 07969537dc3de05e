import { expect } from 'vitest'
import { damageDatabase, damageTree } from './damage.ts'
import type { Answer, House } from './house.ts'
import { differences, type Photograph, photographDatabase, photographTree } from './photograph.ts'
import type { Site } from './site.ts'

interface RoundOptions {
  house: House
  site: Site
  /** `site.env` */
  name: string
  /** `member`: owners, modes and times of entries that belong to others cannot come back @default {'exact'} */
  keeps?: 'exact' | 'member'
  /** Whether the restore is undone and done again behind it @default {true} */
  undone?: boolean
}

/** Attach, back up, damage, restore; undo, undo again: each state is compared with its photograph. */
export async function restoreRound({ house, site, name, keeps = 'exact', undone = true }: RoundOptions): Promise<void> {
  const isMember = keeps === 'member'
  await succeeds(house.cairn('site:attach', name, '--path', site.root, '--url', site.php.url, '--yes'))
  expect(await site.open()).toEqual({ front: 200, login: 200 })
  const original = await photograph(site)
  await succeeds(house.cairn('backup:create', name))
  expectSame(original, await photograph(site), 'the backup changed the site')

  damageTree(site.root, isMember)
  await damageDatabase(site.wordpress)
  const damaged = await photograph(site)
  expect(differences(original.tree, damaged.tree).length).toBeGreaterThan(20)

  await succeeds(house.cairn('backup:restore', name, '--yes'))
  const touched = touchedBy(original.tree, damaged.tree)
  const like = (state: State): State => (isMember ? { ...state, tree: forMember(state.tree, touched) } : state)
  expectSame(like(original), like(await photograph(site)), 'the restore is not what was backed up')
  expect(await site.open()).toEqual({ front: 200, login: 200 })
  if (!undone) return

  const restored = await photograph(site)
  await succeeds(house.cairn('env:undo', name, '--yes'))
  expectSame(like(damaged), like(await photograph(site)), 'the undo is not what was before the restore')
  await succeeds(house.cairn('env:undo', name, '--yes'))
  expectSame(like(restored), like(await photograph(site)), 'the second undo is not the restored state')
  expect(await site.open()).toEqual({ front: 200, login: 200 })
}

export interface State {
  tree: Photograph
  database: Photograph
}

export async function photograph(site: Site): Promise<State> {
  return { tree: photographTree(site.root), database: await photographDatabase(site.wordpress.database) }
}

export function expectSame(wanted: State, found: State, otherwise: string): void {
  const all = [...differences(wanted.tree, found.tree), ...differences(wanted.database, found.database)]
  if (all.length > 0) throw new Error(`${otherwise}, ${all.length} differences:\n${all.slice(0, 15).join('\n')}`)
}

/** @throws with all that it said when it did not end with 0, or one of `codes` */
export async function succeeds(running: Promise<Answer>, codes: readonly number[] = [0]): Promise<Answer> {
  const answer = await running
  if (!codes.includes(answer.code)) throw new Error(`exit code ${answer.code}\n${answer.stdout}\n${answer.stderr}`)
  return answer
}

/** Paths that differ, and the directories that hold them: what a restore has to change. */
function touchedBy(before: Photograph, after: Photograph): Set<string> {
  const touched = new Set<string>()
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) === after.get(name)) continue
    for (let path = name; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) touched.add(path)
  }
  return touched
}

/** Of what was touched a member of the group can give back kind and content; all else stays exactly as it is. */
function forMember(tree: Photograph, touched: Set<string>): Photograph {
  return new Map([...tree].map(([name, line]) => [name, touched.has(name) ? withoutOwner(line) : line]))
}

function withoutOwner(line: string): string {
  return line.replace(/^(\w+)(?: \d+)? \d+:\d+ -?\d+µs/, '$1')
}
