import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { revertTo } from '../../git/moveBranch.ts'
import { createSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import { author, commitSketch, makePlace } from '../../git/testing.suite.ts'
import type { House } from '../house.ts'
import { environmentJourneys } from './environmentJourneys.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
const commits: string[] = []
let shown = ''
const started: string[] = []
let journeys: ReturnType<typeof environmentJourneys>

beforeAll(async () => {
  place = await makePlace()
  mkdirSync(join(place.base, 'shop'))
  repository = await createSiteRepository(join(place.base, 'shop/repository.git'))
  for (const text of ['1', '2']) commits.push(await commitSketch(repository, { 'index.php': text }))
  const find = async () => ({ id: 'D', site: 'shop', name: 'dev', managed: { release: 2, commit: shown } })
  const house = { sites: { find }, managed: { sitesDirectory: place.base } } as unknown as House
  journeys = environmentJourneys(house, async (kind) => (started.push(kind), {} as never))
})
afterAll(() => place.remove())

/** @returns what was begun, or why nothing was */
async function ask(how: 'revertCode' | 'resetCode', commit: string | undefined): Promise<string> {
  started.length = 0
  const actor = { kind: 'person', id: 'P', name: 'p' } as const
  return journeys[how]({ site: 'shop', environment: 'dev' }, commit ?? '', actor).then(
    () => started.join(),
    (error: Error) => (expect(error).toMatchObject({ code: 'PREFLIGHT_REFUSED' }), expect(started).toEqual([]), error.message),
  )
}

test('a revert or a reset to what dev has already is refused before anything begins', async () => {
  const [first, second = ''] = commits
  shown = second
  expect(await ask('revertCode', second)).toBe(`Cannot revert "shop.dev" to ${second.slice(0, 12)}: it has this code already`)
  expect(await ask('resetCode', 'master')).toBe(`Cannot reset "shop.dev" to ${second.slice(0, 12)}: this is its commit already`)
  expect([await ask('revertCode', first), await ask('resetCode', first)]).toEqual(['revert_code', 'reset_code'])
})

test('the same code under another commit is nothing to revert, but a history to reset', async () => {
  const [first = ''] = commits
  shown = (await revertTo(repository, first, { message: 'back', author })).commit
  expect(await ask('revertCode', first)).toMatch(/has this code already/)
  expect(await ask('resetCode', first)).toBe('reset_code')
})

test('where dev does not show what master has, both are ways to bring it there', async () => {
  const [first = '', second = ''] = commits
  shown = second
  expect([await ask('revertCode', first), await ask('resetCode', 'master')]).toEqual(['revert_code', 'reset_code'])
})
