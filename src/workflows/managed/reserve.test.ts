import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import { installationTag, namesOf } from '../../releases/managed/names.ts'
import { openReleases } from '../../releases/managed/records.ts'
import { type Catalogue, openCatalogue } from '../../sites/catalogue.ts'
import { parseEnvironmentName, parseSiteName } from '../../sites/names.ts'
import { json } from '../../state/json.ts'
import { startTestState, type TestState } from '../../state/testing.ts'
import type { House } from '../house.ts'
import type { OpenHome } from './home.ts'
import { findManaged } from './findManaged.ts'
import { deleteSiteWorkflow } from './remove.ts'
import { environmentsOf, reserveEnvironment, reserveSite } from './reserve.ts'

const sitesDirectory = mkdtempSync(join(tmpdir(), 'cairn-reserve-'))
let state: TestState
let sites: Catalogue
beforeAll(async () => {
  state = await startTestState()
  sites = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)), uidBase: 33_000_000 })
})
afterAll(async () => {
  await state.stop()
  rmSync(sitesDirectory, { recursive: true, force: true })
})

const addressOf = (site: string, name: string): string => `http://${name}-${site}.localhost`
const grounds = () => ({ sites, managed: { sitesDirectory, open: async () => ({ addressOf }) as OpenHome } })
const reserve = (name: string, workflow: string) =>
  reserveEnvironment(grounds(), parseSiteName('shop'), parseEnvironmentName(name), workflow)

/** @returns whether the name was ours when it ended */
async function make(site: string, workflow: string, isRepeated: boolean): Promise<boolean> {
  let isTaken = false
  const asked = { ...{ site, workflow, isRepeated, label: null }, framework: 'wordpress' as const }
  await reserveSite(grounds(), asked, () => (isTaken = true)).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'SITE_TAKEN' })
  })
  return isTaken
}

test('an environment in the making is taken over by its own workflow, and by no other', async () => {
  await sites.createSite({ name: 'shop', framework: 'wordpress' })
  const made = await reserve('qa', 'one')
  expect((await reserve('qa', 'one')).id).toBe(made.id)
  await expect(reserve('qa', 'two')).rejects.toMatchObject({ code: 'SITE_TAKEN' })
  await sites.updateRelease(made.id, { ...made, release: 1, schema: 'c_1', commit: null, derived: [] })
  await expect(reserve('qa', 'one')).rejects.toMatchObject({ code: 'SITE_TAKEN' })
  expect(await sites.listEnvironments('shop')).toHaveLength(1)
})

test('a site in the making is gone on with by its own workflow, and no other ends up with it', async () => {
  expect(await make('market', 'one', false)).toBe(true)
  expect(await make('market', 'one', true)).toBe(true)
  expect(await make('market', 'two', false)).toBe(false)
  expect(await make('market', 'two', true)).toBe(false)
  expect((await sites.findSite('market')).environments).toEqual(['dev', 'test', 'live'])
})

test('of two repeated workflows that find a site without environments one has it', async () => {
  await sites.createSite({ name: 'twin', framework: 'wordpress' })
  const ends = await Promise.all([make('twin', 'one', true), make('twin', 'two', true)])
  expect(ends.filter((isOurs) => isOurs)).toHaveLength(1)
  expect((await sites.findSite('twin')).environments).toEqual(['dev', 'test', 'live'])
})

test("an environment that a workflow is still making is nobody else's to change", async () => {
  const workflow = newUlid()
  const actor = json({ kind: 'person', id: 'a', name: 'A' })
  const row = { id: workflow, kind: 'add_environment', version: 1, changes: true, environment_ids: [], actor, input: json({}) }
  await state.db.insertInto('workflow').values(row).execute()
  await reserve('new', workflow)
  const find = () => findManaged({ sites, state }, { site: 'shop', environment: 'new' }, 'wipe')
  await expect(find()).rejects.toMatchObject({ code: 'WORKFLOW_BUSY', details: { workflow } })
  await state.db.updateTable('workflow').set({ state: 'failed' }).where('id', '=', workflow).execute()
  expect((await find()).name).toBe('new')
})

test('a deletion that was killed is gone on with, and never goes on to a site that was made anew since', async () => {
  await make('going', 'one', false)
  const ids = (await sites.listEnvironments(parseSiteName('going'))).map(({ id }) => id)
  const key = createSecretKey(randomBytes(32))
  const names = namesOf(await installationTag(state.db))
  const releases = openReleases({ db: state.db, key, names })
  const wanted = { framework: 'wordpress', docroot: '', commit: null, files: 'new', database: 'new' } as const
  await releases.begin({ ...wanted, environmentId: ids[1] ?? '', origin: { workflow: 'one', backup: null, what: 'a test' } })
  let kills = 1
  const dropSchema = async (): Promise<void> => {
    if (kills-- > 0) throw new Error('killed')
  }
  const mysql = { dropSchema, dropAccount: async () => {} }
  const open = async () => ({ addressOf, mysql, php: null }) as unknown as OpenHome
  const house = { sites, managed: { sitesDirectory, open, releases, names } } as unknown as House
  const context = { step: (_: string, work: () => unknown) => work(), pointOfNoReturn: async () => {}, fence: async () => {} }
  const remove = async () =>
    deleteSiteWorkflow(house).run(context as unknown as WorkflowContext, {
      site: 'going',
      environment: null,
      ids,
      environmentIds: [],
    })
  const left = async () => [
    existsSync(join(sitesDirectory, 'going')),
    (await environmentsOf(house, parseSiteName('going'))).length,
  ]

  await expect(remove()).rejects.toThrow('killed')
  expect(await left()).toEqual([true, 3]) // nobody can take the name while something of it is there
  await remove()
  expect(await left()).toEqual([false, 0])
  expect(await make('going', 'two', false)).toBe(true)
  await remove()
  expect(await left()).toEqual([true, 3])
})
