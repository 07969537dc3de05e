import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorkflowView } from '../../src/contract/workSchemas.ts'
import { connectDatabase, type Database } from '../../src/elements/database/connect.ts'
import { readPlan } from '../../src/releases/database/plan.ts'
import type { SmallSite } from '../load/smallSite.ts'
import { startMariadb, type TestMariadb } from '../servers/mariadb.ts'
import { expectUnharmed, type FaultyHouse, lookAt, openFaultyHouse, passwordOf } from './faults.ts'
import type { Photograph } from './photograph.ts'

// A restore that is killed in the middle of its change, and whose recovery fails: it goes on by itself until the site is whole.

let faulty: FaultyHouse
let mariadb: TestMariadb
/** Each holds a table */
const holders: Database[] = []

beforeAll(async () => {
  faulty = await openFaultyHouse()
  mariadb = faulty.ground.mariadb
  faulty.ground.later(() => mariadb.stop())
})
afterAll(() => faulty?.close())

const info = async (id: string): Promise<WorkflowView> =>
  (await faulty.works('workflow:info', id, '--format=json')).json<WorkflowView>()

const noteOf = async (id: string): Promise<string> =>
  (await info(id)).steps.find(({ name }) => name === 'apply')?.progress?.note ?? ''

const account = (site: SmallSite, user: string, password: string) => ({
  ...{ host: null, port: null, socket: mariadb.socket },
  ...{ user, password, database: site.database },
})

/** Reads from a table within a transaction: nobody can rename it until the connection ends. */
async function lockTable(site: SmallSite): Promise<Database> {
  const holder = await connectDatabase(account(site, 'root', ''))
  await holder.run('START TRANSACTION')
  await holder.query('SELECT COUNT(*) AS n FROM wp_options')
  return holder
}

async function makeAdministrator(): Promise<string[]> {
  await mariadb.admin("CREATE USER boss@localhost IDENTIFIED BY 'b'; GRANT ALL ON *.* TO boss@localhost WITH GRANT OPTION")
  const passwordFile = join(faulty.ground.directory, 'boss')
  writeFileSync(passwordFile, 'b')
  return ['--admin-user', 'boss', '--admin-password-file', passwordFile]
}

interface Damaged {
  mode: 'own' | 'admin'
  site: SmallSite
  whole: Photograph
}

async function damage(mode: 'own' | 'admin'): Promise<Damaged> {
  const site = await faulty.attach(`${mode}.dev`, ...(mode === 'admin' ? await makeAdministrator() : []))
  await faulty.works('backup:create', `${mode}.dev`)
  const whole = await lookAt(site)
  const uploads = join(site.directory, 'wp-content/uploads')
  for (const file of readdirSync(uploads)) if (file.endsWith('.jpg')) rmSync(join(uploads, file))
  await mariadb.admin(
    "DELETE FROM wp_posts WHERE ID%2=0; REPLACE INTO wp_options (option_name, option_value) VALUES ('x', 'y')",
    mode,
  )
  return { mode, site, whole }
}

/** Begins a restore that comes as far as the exchange of the tables, and for ten seconds no further. */
async function beginRestore({ mode, site, whole }: Damaged): Promise<Damaged & { id: string }> {
  holders.push(await lockTable(site))
  const id = (await faulty.works('backup:restore', `${mode}.dev`, '--no-safety-backup', '--no-wait', '--yes')).stdout.trim()
  const plan = () => readPlan(join(faulty.house.data, 'applies', id))
  await expect.poll(() => plan()?.state, { timeout: 60_000, interval: 20 }).toMatchObject({ phase: 'moving' })
  expect(plan()?.plan.mode).toBe(mode)
  return { mode, site, whole, id }
}

test('killed in the exchange of tables and begun anew without a database server, it waits for it and ends whole', async () => {
  const damaged = [await damage('admin'), await damage('own')]
  const restores = await Promise.all(damaged.map(beginRestore))
  await faulty.house.kill()
  for (const holder of holders) await holder.close()
  await mariadb.stop()

  await faulty.house.start() // before the database server is there
  for (const { site, id } of restores) {
    await expect.poll(() => noteOf(id), { timeout: 60_000 }).toMatch(/^cannot go on yet: .*; tried again in 5 s$/)
    expect(await info(id)).toMatchObject({ state: 'queued', failure: null, cancellable: false })
    expect(existsSync(join(site.directory, '.maintenance'))).toBe(true)
    await faulty.fails(7, [/WORKFLOW_PAST_CANCEL/], 'workflow:cancel', id)
  }

  mariadb = await startMariadb(join(faulty.ground.directory, 'mariadb'), { args: ['--log-bin-trust-function-creators=1'] })
  for (const { site, whole, id } of restores) {
    await faulty.works('workflow:wait', id)
    expect(await info(id)).toMatchObject({ state: 'succeeded' })
    await expectUnharmed({ ...site, mariadb }, whole)
    expect(existsSync(join(site.directory, '.maintenance'))).toBe(false)
    await (await connectDatabase(account(site, site.database, passwordOf(site)))).close() // its account is open
  }
  expect(readdirSync(join(faulty.house.data, 'applies')).filter((file) => file.endsWith('.unfinished'))).toEqual([])
})
