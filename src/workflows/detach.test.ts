import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newUlid } from '../base/ids.ts'
import { quietRun } from '../base/run.ts'
import type { WorkflowContext } from '../queue/define.ts'
import type { Queue } from '../queue/queue.ts'
import { apply, contents, put, useEachTrees } from '../releases/apply/apply.suite.ts'
import { partFrom } from '../releases/apply/randomTree.suite.ts'
import { openCatalogue } from '../sites/catalogue.ts'
import type { Environment } from '../sites/environment.ts'
import { parseEnvironmentName, parseSiteName } from '../sites/names.ts'
import { json } from '../state/json.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { detachWorkflow } from './detach.ts'
import type { House } from './house.ts'
import { makeJourneys } from './journeys.ts'

let state: TestState
let house: House
beforeAll(async () => {
  state = await startTestState()
})
afterAll(() => state.stop())

let trees = { base: '', tree: '', model: '' }
useEachTrees((made) => void (trees = made))
beforeEach(() => {
  const sites = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)) })
  house = { state, sites, appliesDirectory: trees.base } as unknown as House
})

/** Attached, with the undo sets of two restores, the newer one undone. */
async function restoredTwice(site: string): Promise<{ environment: Environment; homes: string[] }> {
  const { tree, model } = trees
  const environment = await house.sites.attach({
    ...{ site: parseSiteName(site), name: parseEnvironmentName('dev'), framework: 'wordpress', version: '6.5', url: null },
    ...{
      codeRoot: tree,
      docroot: tree,
      coreDirectory: tree,
      contentDirectory: tree,
      filesDirectory: join(tree, 'files'),
      furtherFiles: [],
    },
    ...{ tablePrefix: 'wp_', configFiles: [], configAbove: null, adminDatabase: null, phpReload: null },
    database: { host: '127.0.0.1', port: 9, socket: null, user: 'wp', password: 'x', database: 'wp', charset: 'utf8mb4' },
  })
  const homes: string[] = []
  for (const round of [1, 2]) {
    put(model, { 'a.php': `restored ${round}` })
    homes.push(await apply([partFrom(tree, model)]))
  }
  for (const [at, home] of homes.entries()) await remember(environment, home, false, at === 1 ? 'undone' : 'ready')
  return { environment, homes }
}

async function remember({ id }: Environment, home: string, database: boolean, is: 'ready' | 'undone'): Promise<void> {
  const workflow = newUlid()
  const keep = { keep_until: new Date(Date.now() + 86_400_000), plan: json({ id: workflow, home, database }), state: is }
  await state.db
    .insertInto('undo')
    .values({ id: workflow, environment_id: id, workflow_id: workflow, ...keep })
    .execute()
}

/** Dies at the `cut`th moment: before, and after, each step. Outputs of steps that ended are kept, as the queue keeps them. */
function contextUntil(cut: number, outputs: Map<string, unknown>): WorkflowContext {
  let moment = 0
  const live = (): void => {
    if (++moment === cut) throw new Error('killed')
  }
  return {
    run: quietRun(),
    pointOfNoReturn: async () => {},
    fence: async () => live(),
    async step(name: string, work: () => Promise<unknown>) {
      if (outputs.has(name)) return outputs.get(name)
      live()
      const output = await work()
      live()
      outputs.set(name, output)
      return output
    },
  } as unknown as WorkflowContext
}

test('both undo sets are deleted, then the environment is forgotten; killed at any moment, the next attempt ends it', async () => {
  for (const cut of [1, 2, 3, 4, 5, 6, 7, 8, 0]) {
    const { environment, homes } = await restoredTwice(`cut${cut}`)
    expect(homes.map((home) => existsSync(home))).toEqual([true, true])
    const outputs = new Map<string, unknown>()
    const attempt = (until: number) => detachWorkflow(house).run(contextUntil(until, outputs), { environmentId: environment.id })
    if (cut > 0) await expect(attempt(cut)).rejects.toThrow('killed')
    if (homes.some((home) => existsSync(home))) await house.sites.findById(environment.id) // not forgotten before
    expect(await attempt(0)).toMatchObject({ undoDropped: 2 })
    expect(homes.map((home) => existsSync(home))).toEqual([false, false])
    await expect(house.sites.findById(environment.id)).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' })
    expect(contents(trees.tree)).toEqual({ 'a.php': 'restored 2' })
  }
})

test('an environment whose undo set cannot be deleted stays attached, and says what to do', async () => {
  const { environment, homes } = await restoredTwice('away')
  await remember(environment, join(trees.tree, '.cairn-none'), true, 'ready')
  const attempt = detachWorkflow(house).run(contextUntil(0, new Map()), { environmentId: environment.id })
  await expect(attempt).rejects.toMatchObject({
    message: expect.stringMatching(/^Cannot detach "away.dev": its undo set could not be deleted: Cannot connect to /),
    hint: expect.stringContaining('attached still'),
  })
  expect((await house.sites.findById(environment.id)).name).toBe('dev')
  expect(homes.map((home) => existsSync(home))).toEqual([true, true])
})

test('a managed environment is not detached', async () => {
  const site = parseSiteName('managed')
  await house.sites.createSite({ name: site, framework: 'wordpress' })
  await house.sites.addManaged({ site, name: parseEnvironmentName('dev'), directory: trees.base, url: '' })
  const actor = { kind: 'system', id: 'x', name: 'x' } as const
  const asked = makeJourneys(house, {} as Queue).detach({ site, environment: 'dev' }, actor)
  await expect(asked).rejects.toMatchObject({ code: 'PREFLIGHT_REFUSED', hint: expect.stringContaining('site:delete') })
})
