import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import { quietRun } from '../../base/run.ts'
import { commitTree } from '../../git/commitTree.ts'
import { listUndos, resetTo, revertTo } from '../../git/moveBranch.ts'
import { readRef } from '../../git/refs.ts'
import { createSiteRepository, defaultBranch, type SiteRepository } from '../../git/siteRepository.ts'
import { author, commitSketch, entriesOf, makePlace } from '../../git/testing.suite.ts'
import type { House } from '../house.ts'
import { orMasterBack } from './masterBack.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
let house: House
let context: { id: string; run: ReturnType<typeof quietRun> }
let first: string
let second: string
let sites = 0
const environment = { id: newUlid(), site: 'site', name: 'dev' } as const

beforeAll(async () => void (place = await makePlace()))
afterAll(() => place.remove())
beforeEach(async () => {
  const sitesDirectory = join(place.base, String(++sites))
  mkdirSync(join(sitesDirectory, 'site'), { recursive: true })
  repository = await createSiteRepository(join(sitesDirectory, 'site/repository.git'))
  first = await commitSketch(repository, { a: '1' })
  second = await commitSketch(repository, { a: '2' })
  const findById = async () => ({ managed: { commit: second } })
  house = { sites: { findById }, managed: { sitesDirectory } } as unknown as House
  context = { id: newUlid(), run: quietRun() }
})

const master = () => readRef(repository, defaultBranch)
const commit = () => commitTree(repository, { entries: entriesOf({ a: '3' }), message: 'imported', author, undoId: context.id })
const refuse = async (): Promise<never> => {
  throw new Error('refused')
}
const attempt = (work: () => Promise<unknown>, resetTo: string | null = null) =>
  orMasterBack(house, context, environment as never, work, { resetTo }).catch(() => {})

test('code that is refused leaves master, also when a killed attempt committed it and this one finds it there', async () => {
  await commit()
  await attempt(async () => {
    expect((await commit()).kind).toBe('unchanged')
    return refuse()
  })
  expect([await master(), await listUndos(repository)]).toEqual([second, []])
})

test('a workflow that is cancelled before it comes to its commit again takes back that of the killed attempt', async () => {
  await commit()
  await attempt(refuse)
  expect(await master()).toBe(second)
})

test('a revert and a reset of a killed attempt are taken back', async () => {
  await revertTo(repository, first, { message: 'back', author, undoId: context.id })
  await attempt(refuse)
  expect(await master()).toBe(second)
  await resetTo(repository, first, { undoId: context.id })
  await attempt(refuse, first)
  expect([await master(), await listUndos(repository)]).toEqual([second, []])
})

test('master stays where somebody has pushed on top, before, or instead', async () => {
  await commit()
  const onTop = await commitSketch(repository, { a: '4' })
  await attempt(refuse)
  expect(await master()).toBe(onTop)
  context.id = newUlid()
  await attempt(refuse)
  expect(await master()).toBe(onTop)
})

test('what succeeded stays, and only a reset keeps the old tip', async () => {
  await attempt(commit)
  const imported = await master()
  expect([imported === second, await listUndos(repository)]).toEqual([false, []])
  await attempt(() => resetTo(repository, first, { undoId: context.id }), first)
  expect([await master(), await listUndos(repository)]).toEqual([first, [{ undoId: context.id, commit: imported }]])
})
