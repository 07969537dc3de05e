import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import { quietRun } from '../../base/run.ts'
import { listDeployTags } from '../../git/deployTags.ts'
import { readRef } from '../../git/refs.ts'
import { createSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import { commitSketch, makePlace, userGit } from '../../git/testing.suite.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { commitInto } from './code.ts'
import { ownBranch, thenTag } from './ownCommit.ts'
import type { Put } from './putRelease.ts'

let place: Awaited<ReturnType<typeof makePlace>>
let repository: SiteRepository
let house: House
let live: Environment
let context: WorkflowContext
const signal = { reason: undefined as string | undefined }
let sites = 0

beforeAll(async () => void (place = await makePlace()))
afterAll(() => place.remove())
beforeEach(async () => {
  const sitesDirectory = join(place.base, String(++sites))
  mkdirSync(join(sitesDirectory, 'shop'), { recursive: true })
  repository = await createSiteRepository(join(sitesDirectory, 'shop/repository.git'))
  const managed = { release: 1, commit: await commitSketch(repository, { 'index.php': '1' }) }
  live = { ...{ id: 'L', site: 'shop', name: 'live', managed }, ...{ configFiles: [], codeRoot: '/' } } as unknown as Environment
  const find = async () => ({ origin: { workflow: null, backup: 'B', what: 'restored code' } })
  house = {
    sites: { findById: async () => live },
    managed: { sitesDirectory, releases: { find } },
  } as unknown as House
  signal.reason = undefined
  context = {
    ...{ id: newUlid(), actor: { kind: 'person', id: 'P', name: 'Paul' }, run: { ...quietRun(), signal } },
    step: async (_: string, work: (run: unknown) => Promise<unknown>) => work(quietRun()),
  } as unknown as WorkflowContext
})

/** Restores code that holds nothing, and shows it, or fails. @returns its commit */
async function restore(end: 'shown' | 'refused'): Promise<string> {
  let made = ''
  const work = async (): Promise<Put> => {
    made = (await commitInto(house, context, live, null, { message: 'm', note: 'n', run: quietRun() })).commit
    if (end === 'refused') throw new Error('refused')
    if (live.managed !== null) live.managed.commit = made
    return { release: 2, maintenanceMs: 1, done: [] }
  }
  await thenTag(house, context, live, work).catch((error: Error) => expect(error.message).toBe('refused'))
  return made
}

const tags = async () => (await listDeployTags(repository, 'live')).map(({ name, commit }) => [name, commit])
const held = () => readRef(repository, ownBranch(context))

test('code that is refused leaves no tag, and nothing that holds its commit', async () => {
  await restore('refused')
  expect([await tags(), await held()]).toEqual([[], null])
})

test('code that is shown has a tag that says where it came from', async () => {
  const commit = await restore('shown')
  expect([await tags(), await held()]).toEqual([[['cairn_live_1', commit]], null])
  expect(userGit(repository.directory, ['tag', '-l', '-n9', 'cairn_live_1'])).toContain('restored into live from backup B')
})

test('an attempt that is interrupted keeps its commit for the next one, which tags it', async () => {
  signal.reason = 'shutdown'
  const first = await restore('refused')
  expect([await tags(), await held()]).toEqual([[], first])
  signal.reason = undefined
  expect(await restore('shown')).toBe(first)
  expect([await tags(), await held()]).toEqual([[['cairn_live_1', first]], null])
})

test('one that was killed between its tag and the end tags once', async () => {
  const commit = await restore('shown')
  userGit(repository.directory, ['update-ref', ownBranch(context), commit])
  await restore('shown')
  expect([await tags(), await held()]).toEqual([[['cairn_live_1', commit]], null])
})
