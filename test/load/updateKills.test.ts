// A deploy with an update of the database, whose server is killed while the site's own update script runs: kills at random
// moments hardly ever meet it. In the soak: those of managedKills take deploys with an update too.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Started, WorkflowView } from '../../src/contract/workSchemas.ts'
import { connectDatabase, type Database, sqlErrno } from '../../src/elements/database/connect.ts'
import { quoteName } from '../../src/elements/database/sqlText.ts'
import { chanceOf } from '../../src/releases/apply/randomTree.suite.ts'
import { isSoak } from '../soak.ts'
import { survivors, waitForEnd } from './cairn.ts'
import { type Lab, settle, startLab } from './managed/lab.ts'
import { updated } from './managed/labSite.ts'
import type { LookOptions, Marks } from './managed/world.ts'

let lab: Lab
let admin: Database
beforeAll(async () => {
  // databases on a MariaDB that outlives Cairn, and live served by an nginx that does
  lab = await startLab('update', { named: true })
  await settle(lab, chanceOf(11))
  const root = { host: null, port: null, socket: lab.mariadb?.socket ?? '', user: 'root', password: '', charset: 'utf8mb4' }
  admin = await connectDatabase({ ...root, database: 'mysql' })
})
afterAll(async () => {
  await admin?.close()
  await lab?.stop()
})

test.runIf(isSoak)(
  'killed twice in the update of live: visitors get the old release or a 503, then it is updated, once',
  async () => {
    const place = `${lab.site}.live`
    const { before, wanted, id } = await beginDeploy(place)
    for (const time of ['first', 'second']) {
      await killInUpdate(before.database)
      expect(await lab.look(whileDead(), { place, options: [before] }), `the ${time} kill`).toEqual([])
      await lab.cairn.start()
    }
    expect(await waitForEnd(lab.cairn.client, id, 120_000)).toMatchObject({ state: 'succeeded' })
    await expectWhole(place, wanted)
  },
)

test.runIf(isSoak)('cancelled after the kill: the environment has its old release, whole, or its new one', async () => {
  const place = `${lab.site}.test`
  const { before, wanted, id } = await beginDeploy(place)
  await killInUpdate(before.database)
  expect(await lab.look(whileDead(), { place, options: [before] })).toEqual([])
  await lab.cairn.start()
  const isCancelled = await lab.cairn.client.post(`/v1/workflows/${id}/cancel`, {}).then(
    () => true,
    () => false, // it was faster
  )
  const { state } = await waitForEnd(lab.cairn.client, id, 120_000)
  expect(isCancelled ? ['cancelled', 'succeeded'] : ['succeeded']).toContain(state)
  await expectWhole(place, state === 'succeeded' ? wanted : before)
})

interface Deploy {
  before: Marks
  wanted: Marks
  id: string
}

async function beginDeploy(place: string): Promise<Deploy> {
  const { world, cairn, site } = lab
  const before = { ...(world.marks.get(place) as Marks) }
  const from = world.marks.get(place === `${site}.live` ? `${site}.test` : `${site}.dev`) as Marks
  const [, environment = ''] = place.split('.')
  const body = { note: 'a deploy', confirm: place, updateDatabase: true }
  const { workflow } = await cairn.client.post<Started>(`/v1/sites/${site}/environments/${environment}/deploy`, body)
  return { before, wanted: { ...before, code: from.code, database: updated(before.database) }, id: workflow.id }
}

/** Kills the server once the script has written the first half of what it writes: then it rests for 400 ms. */
async function killInUpdate(mark: string): Promise<void> {
  const half = updated(mark).slice(0, -'ated'.length)
  const whole = async (): Promise<number> => (await marksThere()).filter((one) => one === updated(mark)).length
  const others = await whole()
  // what the kill before left half updated is made again first
  for (const isThere of [false, true]) {
    for (const until = Date.now() + 120_000; (await marksThere()).includes(half) !== isThere; await sleep(10)) {
      if (Date.now() > until) throw new Error(`no copy is being updated: ${JSON.stringify(await workflows())}`)
    }
  }
  const orphans = await lab.cairn.kill()
  expect(orphans.some(({ command }) => command.includes('tool.php'))).toBe(true)
  expect(await survivors(orphans, 60_000), 'processes that outlive their server').toEqual([])
  expect(await whole(), 'it was not killed in the middle').toBe(others)
}

/** Of every schema of the site, as its database server has it. */
async function marksThere(): Promise<string[]> {
  const schemas = await admin.query("SELECT TABLE_SCHEMA AS name FROM information_schema.TABLES WHERE TABLE_NAME='wp_options'")
  const found: string[] = []
  for (const { name } of schemas) {
    const sql = `SELECT option_value AS mark FROM ${quoteName(String(name))}.wp_options WHERE option_name='lab_mark'`
    const rows = await admin.query(sql).catch((error: unknown) => {
      if ([1049, 1146].includes(sqlErrno(error) ?? 0)) return [] // dropped, or not loaded yet
      throw error
    })
    found.push(...rows.map(({ mark }) => String(mark)))
  }
  return found
}

async function workflows(): Promise<unknown> {
  return (await lab.cairn.client.get<{ workflows: WorkflowView[] }>('/v1/workflows', { limit: 2 })).workflows
}

async function expectWhole(place: string, wanted: Marks): Promise<void> {
  lab.world.marks.set(place, wanted)
  const gateway = Number(lab.cairn.env['CAIRN_GATEWAY_LISTEN']?.split(':')[1])
  const port = (at: string): number => (at === `${lab.site}.live` ? (lab.served?.port ?? gateway) : gateway)
  expect(await lab.look({ database: (own) => own, pages: { port, orMaintenance: false } })).toEqual([])
  expect(await lab.leftovers()).toEqual([])
  lab.world.note(place)
}

/** Nothing of Cairn runs: nginx shows live alone. */
function whileDead(): LookOptions {
  const port = (at: string): number | null => (at === `${lab.site}.live` ? (lab.served?.port ?? null) : null)
  const root = { host: null, port: null, socket: lab.mariadb?.socket ?? null, user: 'root', password: '' }
  return { database: (own) => ({ ...own, ...root }), pages: { port, orMaintenance: true } }
}
