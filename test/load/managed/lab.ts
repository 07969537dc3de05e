import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ManagedResult } from '../../../src/contract/managedSchemas.ts'
import type { Started, WorkflowView } from '../../../src/contract/workSchemas.ts'
import { connectDatabase } from '../../../src/elements/database/connect.ts'
import type { Chance } from '../../../src/releases/apply/randomTree.suite.ts'
import { type TestMariadb, startMariadb } from '../../servers/mariadb.ts'
import { freePort } from '../../servers/ports.ts'
import { type Cairn, prepareCairn, waitForEnd } from '../cairn.ts'
import { changeFiles, changesOf, dumpOf, layCode, layFiles, packTree } from './labSite.ts'
import { askState, managedLeftovers, type OnServer } from './leftovers.ts'
import { findCurrent } from './lookAt.ts'
import { type ServedInEarnest, serveInEarnest } from './serve.ts'
import { upload } from './talk.ts'
import { directoryOf, type LookOptions, type Marks, openWorld, type World } from './world.ts'

/** A Cairn of its own with one managed site in it, and what that has to be. */
export interface Lab {
  name: string
  /** Its site; nobody else's service in /run is called so */
  site: string
  cairn: Cairn
  world: World
  /** `<data>/sites` */
  sites: string
  backups: { id: string; place: string; marks: Marks }[]
  /** Null where Cairn's own MariaDB holds the databases, which ends with it */
  mariadb: TestMariadb | null
  /** Of live, where nginx and PHP-FPM serve it beside Cairn */
  served: ServedInEarnest | null
  mark(part: keyof Marks): string
  /** Lays new content of a part; gives its mark and the archive of it */
  give(chance: Chance, part: keyof Marks): Promise<{ mark: string; archive: string; upload(): Promise<string> }>
  /** As people at work in the site change it */
  change(chance: Chance, place: string): Promise<void>
  /** Starts a workflow and waits for its success */
  work(path: string, body: object): Promise<WorkflowView>
  /** Whether every place is what it has to be; `instead` where one may be something else */
  look(how: LookOptions, instead?: { place: string; options: readonly Marks[] }): Promise<string[]>
  leftovers(): Promise<string[]>
  stop(): Promise<void>
}

/** @param named whether databases stand on a MariaDB that is not Cairn's own, and so outlives it */
export async function startLab(name: string, { named }: { named: boolean }): Promise<Lab> {
  const base = mkdtempSync(join(tmpdir(), `cairn-${name}-`))
  chmodSync(base, 0o711)
  const [data, temporary, archives] = ['data', 'tmp', 'given'].map((part) => join(base, part)) as [string, string, string]
  for (const path of [temporary, archives]) mkdirSync(path)
  const mariadb = named ? await startMariadb(join(base, 'mariadb')) : null
  if (mariadb !== null) {
    await mariadb.admin(
      "CREATE USER 'keeper'@'127.0.0.1' IDENTIFIED BY 'keeping'; GRANT ALL ON *.* TO 'keeper'@'127.0.0.1' WITH GRANT OPTION",
    )
  }
  const cairn = await prepareCairn(data, {
    TMPDIR: temporary,
    CAIRN_UID_BASE: named ? '35000000' : '36000000', // no other server's on this machine
    CAIRN_GATEWAY_LISTEN: `127.0.0.1:${await freePort()}`,
    ...(mariadb === null ? {} : { CAIRN_MYSQL_URL: `mysql://keeper:keeping@127.0.0.1:${mariadb.port}/` }),
  })
  await cairn.start()
  const sites = join(data, 'sites')
  const world = openWorld(sites)
  const marks = new Map<string, number>()
  const mark = (part: keyof Marks): string => {
    const number = (marks.get(part) ?? 0) + 1
    marks.set(part, number)
    return `${part} ${number}`
  }
  const lab: Lab = {
    ...{ name, site: `${name}${process.pid}`, cairn, world, sites, mariadb, served: null, mark, backups: [] },
    async give(chance, part) {
      const own = mark(part)
      const directory = join(archives, own)
      const archive = join(archives, `${own.replace(' ', '-')}.${part === 'database' ? 'sql.gz' : 'tar.gz'}`)
      if (part === 'database') writeFileSync(archive, gzipSync(dumpOf(chance, own)))
      else {
        mkdirSync(directory)
        ;(part === 'code' ? layCode : layFiles)(chance, directory, own)
        await packTree(directory, part, archive)
        world.expectTree(part, own, directory)
      }
      return { mark: own, archive, upload: () => upload(cairn, archive) }
    },
    async change(chance, place) {
      const now = world.marks.get(place)
      const release = findCurrent(directoryOf(sites, place))
      if (now === undefined || release === null) throw new Error(`${place} is not there`)
      if (chance.fraction() < 0.6) {
        now.files = mark('files')
        changeFiles(chance, release.files, now.files, lstatSync(release.files))
      }
      if (chance.fraction() < 0.6 && now.database !== 'none') {
        now.database = mark('database')
        const database = await connectDatabase(release.database)
        for (const statement of changesOf(chance, now.database)) await database.run(statement)
        await database.close()
      }
      await world.photograph(place)
      world.note(place)
    },
    async work(path, body) {
      const { workflow } = await cairn.client.post<Started>(path, body)
      const ended = await waitForEnd(cairn.client, workflow.id, 120_000)
      if (ended.state !== 'succeeded') throw new Error(`${path}: ${JSON.stringify(ended)}`)
      return ended
    },
    async look(how, instead) {
      const found = await Promise.all(
        [...world.marks].map(([place, wanted]) => world.look(place, place === instead?.place ? instead.options : [wanted], how)),
      )
      return found.flat()
    },
    leftovers: async () => managedLeftovers(data, temporary, mariadb === null ? null : await onServer(mariadb)),
    async stop() {
      await lab.served?.stop()
      await cairn.stop()
      await mariadb?.stop()
      if (process.env['CAIRN_KEEP'] === undefined) rmSync(base, { recursive: true, force: true })
    },
  }
  return lab
}

/** Makes the lab's site: dev, test and live run. Where the database outlives Cairn, nginx serves live. @returns its workflows */
export async function settle(lab: Lab, chance: Chance): Promise<WorkflowView[]> {
  const { world, work, site, sites, mariadb } = lab
  const [code, files, database] = await Promise.all([
    lab.give(chance, 'code'),
    lab.give(chance, 'files'),
    lab.give(chance, 'database'),
  ])
  const given = {
    code: { upload: await code.upload() },
    files: { upload: await files.upload() },
    database: { upload: await database.upload() },
  }
  const done = [await work('/v1/sites', { site, source: { kind: 'archives', ...given } })]
  const marks = { code: code.mark, files: files.mark, database: database.mark }
  world.marks.set(`${site}.dev`, { ...marks })
  for (const name of ['test', 'live']) {
    done.push(await work(`/v1/sites/${site}/environments/${name}/deploy`, { confirm: `${site}.${name}` }))
    world.marks.set(`${site}.${name}`, { ...marks })
  }
  for (const place of world.marks.keys()) world.note(place)
  const directory = directoryOf(sites, `${site}.live`)
  const url = findCurrent(directory)?.url ?? ''
  const subject = { directory, site, environment: 'live', url, work: join(sites, '../../served') }
  if (mariadb !== null) lab.served = await serveInEarnest(subject)
  return done
}

/** What a workflow that changed `place` leaves known: its safety backup, the new release. */
export function remember(lab: Lab, place: string, before: Marks | undefined, { result }: WorkflowView): void {
  const { safetyBackup } = result as Partial<ManagedResult>
  if (typeof safetyBackup === 'string' && before !== undefined) lab.backups.push({ id: safetyBackup, place, marks: before })
  lab.world.note(place)
}

/** Where an undo leads, as Cairn's rows say. */
export async function undoTarget(lab: Lab, place: string): Promise<number | null> {
  const { releases } = await askState(lab.cairn.data)
  const own = releases.filter(({ site, environment }) => `${site}.${environment}` === place)
  const current = own.find(({ state }) => state === 'current')
  const forward = own.filter(({ state, previous }) => state === 'kept' && previous === current?.number)
  const latest = forward.sort((a, b) => Number(b.currentAt) - Number(a.currentAt))[0]
  return latest?.number ?? own.find(({ state, number }) => state === 'kept' && number === current?.previous)?.number ?? null
}

async function onServer(mariadb: TestMariadb): Promise<OnServer> {
  const lines = async (sql: string): Promise<string[]> => (await mariadb.admin(sql)).split('\n').filter(Boolean)
  const schemas = await lines("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME REGEXP '^c_'")
  const accounts = await lines(
    "SELECT DISTINCT User, IFNULL(JSON_VALUE(Priv, '$.account_locked'), 0) FROM mysql.global_priv WHERE User REGEXP '^[ro]_'",
  )
  return {
    schemas,
    accounts: accounts.map((line) => ({ name: line.split('\t')[0] ?? '', isLocked: line.split('\t')[1] !== '0' })),
  }
}
