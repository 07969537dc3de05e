import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import { resetTo } from '../../git/moveBranch.ts'
import { createSiteRepository } from '../../git/siteRepository.ts'
import { commitSketch, makePlace } from '../../git/testing.suite.ts'
import type { EnqueueRequest } from '../../queue/enqueue.ts'
import type { Queue } from '../../queue/queue.ts'
import { openCatalogue } from '../../sites/catalogue.ts'
import { parseEnvironmentName, parseSiteName } from '../../sites/names.ts'
import { json } from '../../state/json.ts'
import { startTestState, type TestState } from '../../state/testing.ts'
import type { House } from '../house.ts'
import { makeJourneys } from '../journeys.ts'
import { followAll } from './followMaster.ts'

let state: TestState
let place: Awaited<ReturnType<typeof makePlace>>
let house: House
const asked: EnqueueRequest[] = []
const queue = {
  list: async () => [],
  enqueue: async (request: EnqueueRequest) => {
    asked.push(request)
    return { workflow: {}, existing: false }
  },
} as unknown as Queue
const told: [string, string][] = []
const tell = (error: unknown, site: string): void => void told.push([site, (error as { code?: string }).code ?? String(error)])
const inMonths = new Date(Date.now() + 90 * 86_400_000)

/** Three sites: the repository of the first is damaged, `master` of the second was pushed to, the third has an undo set. */
beforeAll(async () => {
  state = await startTestState()
  place = await makePlace()
  const sites = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)) })
  house = { state, sites, undoKeepDays: 7, managed: { sitesDirectory: place.base } } as unknown as House
  for (const name of ['damaged', 'pushed', 'restored']) {
    mkdirSync(join(place.base, name))
    await sites.createSite({ name, framework: 'wordpress' })
    const directory = join(place.base, name, 'dev')
    const { id } = await sites.addManaged({ site: parseSiteName(name), name: parseEnvironmentName('dev'), directory, url: '' })
    if (name === 'damaged') mkdirSync(join(place.base, name, 'repository.git'))
    if (name === 'pushed') {
      const repository = await createSiteRepository(join(place.base, name, 'repository.git'))
      const first = await commitSketch(repository, { a: '1' })
      await commitSketch(repository, { a: '2' })
      await resetTo(repository, first, { undoId: newUlid() })
      await commitSketch(repository, { a: '3' })
      await sites.updateRelease(id, { ...(await sites.findById(id)), release: 1, schema: 's', commit: first, derived: [] })
    }
    if (name === 'restored') {
      const keep = { keep_until: new Date(), plan: json({}) }
      await state.db
        .insertInto('undo')
        .values({ id: newUlid(), environment_id: id, workflow_id: newUlid(), ...keep })
        .execute()
    }
  }
})
afterAll(async () => {
  await state.stop()
  place.remove()
})

test('one damaged repository keeps no other site from having deleted what is overdue', async () => {
  await makeJourneys(house, queue).expire(inMonths, tell)
  expect(asked.splice(0).map(({ kind, site }) => [kind, site])).toEqual([
    ['expire', 'restored'],
    ['expire', 'pushed'],
  ])
  expect(told.splice(0)).toEqual([['damaged', 'GIT_REPOSITORY']])
})

test('nor from showing on dev what was pushed', async () => {
  await followAll(house, queue, tell)
  expect(asked.splice(0).map(({ kind, site }) => [kind, site])).toEqual([['follow_master', 'pushed']])
  expect(told.splice(0)).toEqual([['damaged', 'GIT_REPOSITORY']])
})
