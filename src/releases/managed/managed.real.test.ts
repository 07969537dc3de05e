import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectDatabase } from '../../elements/database/connect.ts'
import { dumpDatabase } from '../../elements/database/dumpDatabase.ts'
import { quietRun } from '../../base/run.ts'
import { elementsOf } from '../../elements/trees.ts'
import { installWordPress, type WordPress } from '../../../test/servers/wordpress.ts'
import { calmClone } from './calmClone.ts'
import { cleanUpLeftovers } from './cleanUpLeftovers.ts'
import { type LoadTarget, loadContent } from './content.ts'
import { describeRelease } from './describeRelease.ts'
import { dropEnvironment, dropReleases } from './dropReleases.ts'
import { addEnvironment, copyCode, type Ground, startGround, type TestEnvironment, writeLabCode } from './ground.suite.ts'
import { filesPath, placeOf, releasePaths } from './layout.ts'
import { recoverSwitches } from './recoverSwitches.ts'
import { isFlagRaised, readSwitchJournal, writeSwitchJournal } from './switchJournal.ts'
import { switchRelease } from './switchRelease.ts'
import { tellEnvironment } from './tellEnvironment.ts'
import { emptyCaches } from './upkeep/emptyCaches.ts'

let ground: Ground
let dev: TestEnvironment
let wordpress: WordPress
let dump: Buffer
const run = quietRun()

beforeAll(async () => {
  ground = await startGround(33_000_000)
  dev = await addEnvironment(ground, 'shop', 'dev')
  const admin = await ground.mysql.admin()
  wordpress = await installWordPress({
    version: '6.5',
    directory: join(ground.base, 'wordpress'),
    mariadb: { socket: ground.mysql.socket, port: ground.mysql.port, admin: (sql) => admin.query(sql) },
    database: 'source',
    url: dev.url,
    posts: 3,
    uploads: 2,
    light: true,
  })
  await admin.query('USE source') // a dump names no schema, and so may none of its objects
  await admin.query('CREATE VIEW titles AS SELECT post_title FROM wp_posts')
  await admin.query('CREATE TRIGGER shout BEFORE INSERT ON wp_terms FOR EACH ROW SET NEW.name=UPPER(NEW.name)')
  await admin.query('CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC NO SQL RETURN n*2')
  await admin.close()
  const parts: Buffer[] = []
  const credentials = { ...wordpress.database, ...ground.mysql.adminLogin } // the site's own account may not read all objects
  for await (const { data } of dumpDatabase({ credentials, run })) for await (const part of data) parts.push(part)
  dump = Buffer.concat(parts)
})

afterAll(() => ground.stop())

const load =
  (text = dump.toString('latin1')) =>
  async (target: LoadTarget): Promise<void> => {
    await loadContent(
      target,
      (async function* () {
        yield Buffer.from(text, 'latin1')
      })(),
      { run },
    )
  }

const writeMark = (mark: string) => async (to: string) => writeFileSync(join(to, 'mark.txt'), mark)
const loadMark = (mark: string) =>
  load(`CREATE TABLE lab (mark varchar(40));\nINSERT INTO lab VALUES ('${mark}');\n-- Dump completed\n`)

/** A release of which every part says the same. */
const prepareLab = (environment: TestEnvironment, mark: string) =>
  environment.prepare({ code: (to) => writeLabCode(to, mark), files: writeMark(mark), database: loadMark(mark) })

async function sqlOf(environment: TestEnvironment, sql: string): Promise<Record<string, unknown>[]> {
  const release = await ground.releases.current(environment.place.id)
  if (release === null) throw new Error('no release is current')
  const { database } = await ground.catalogue.findById(environment.place.id)
  const connection = await connectDatabase(database)
  return connection.query(sql).finally(() => connection.close())
}

async function onServer(): Promise<{ schemas: string[]; accounts: string[] }> {
  const { schemas, accounts } = await ground.mysql.listOwn(ground.names.prefixes)
  return { schemas: schemas.sort(), accounts: accounts.sort() }
}

test('a real WordPress runs from its first release, with the configuration of its environment', async () => {
  const prepared = await dev.prepare({
    async code(to) {
      await copyCode(wordpress.directory)(to)
      const config = join(to, 'wp-config.php') // as somebody wrote it for another host
      writeFileSync(config, readFileSync(config, 'utf8').replace('<?php', "<?php ini_set('display_errors', '1');"))
    },
    files: async (to) => cpSync(wordpress.uploads, to, { recursive: true }),
    database: load(),
  })
  const times = await dev.switchTo(prepared)
  expect(times.maintenanceMs).toBeGreaterThan(0)
  const front = await dev.ask('/')
  expect(front.status).toBe(200)
  expect(front.text).toContain('Cairn Test Site')
  expect(front.text).not.toMatch(/Warning|already defined/)
  const login = await dev.ask('/wp-login.php')
  expect(login).toMatchObject({ status: 200, text: expect.stringContaining('user_pass') })
  expect(isFlagRaised(dev.place) || readSwitchJournal(dev.place) !== null).toBe(false)

  const environment = await ground.catalogue.find('shop', 'dev')
  expect(environment).toMatchObject({ tablePrefix: 'wp_', version: '6.5.5', managed: { release: 1 } })
  const { code } = elementsOf(environment)
  expect(code.exclude).toContainEqual({ path: 'wp-content/uploads', reason: 'Cairn makes it for each release' })
  const upload = readdirSync(environment.filesDirectory, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.png'),
  )
  expect(statSync(join(environment.docroot, 'wp-content/uploads', upload ?? 'none')).uid).toBe(dev.place.uid)
  expect(statSync(join(environment.docroot, 'index.php')).uid).toBe(process.geteuid?.())
  const told = releasePaths(dev.place, 1).environmentFile
  expect([statSync(told).mode & 0o777, statSync(told).gid]).toEqual([0o640, dev.place.gid])
})

test('stored objects belong to an owner who never logs in, and work', async () => {
  expect(await sqlOf(dev, 'SELECT count(*) AS n FROM titles')).toEqual([{ n: expect.anything() }])
  expect(await sqlOf(dev, 'SELECT twice(21) AS n')).toEqual([{ n: 42 }])
  const [row] = await sqlOf(dev, "SELECT DEFINER AS definer FROM information_schema.VIEWS WHERE TABLE_NAME='titles'")
  const release = await ground.releases.current(dev.place.id)
  expect(row).toEqual({ definer: `${ground.names.owner(release?.schema ?? '')}@localhost` })
})

test('a later release takes over, the one before is fenced and kept; undo leads back and forward', async () => {
  const before = await ground.releases.current(dev.place.id)
  const changed = await dev.prepare({
    code: copyCode(wordpress.directory),
    database: load(dump.toString('latin1').replaceAll('Cairn Test Site', 'Another Title!!')),
    files: 'kept',
  })
  expect((await dev.ask('/')).text).toContain('Cairn Test Site') // nothing is seen of a preparation
  const held = await connectDatabase((await ground.catalogue.findById(dev.place.id)).database)
  await dev.switchTo(changed)
  await expect(held.query('SELECT 1')).rejects.toThrow()
  await held.close()
  const front = await dev.ask('/')
  expect(front.text).toContain('Another Title!!')
  expect((await ground.releases.list(dev.place.id)).map(({ state }) => state)).toEqual(['kept', 'current'])

  const back = await ground.releases.undoTarget(dev.place.id, 'back')
  expect(back?.number).toBe(before?.number)
  if (back === null) throw new Error('no undo')
  const at = { place: dev.place, mysql: ground.mysql }
  await dev.switchTo({ release: back, facts: describeRelease(at, back) })
  expect((await dev.ask('/')).text).toContain('Cairn Test Site')
  const forward = await ground.releases.undoTarget(dev.place.id, 'forward')
  expect(forward?.number).toBe(changed.release.number)
  if (forward === null) throw new Error('no way forward')
  await dev.switchTo({ release: forward, facts: describeRelease(at, forward) })
  expect((await dev.ask('/')).text).toContain('Another Title!!')
})

test('a release whose front page fails is not switched to, and the one before goes on', async () => {
  const current = await ground.releases.current(dev.place.id)
  const broken = await dev.prepare({
    code: async (to) => {
      await writeLabCode(to, 'broken')
      writeFileSync(join(to, 'index.php'), '<?php no_such_function();')
    },
    files: 'kept',
    database: 'kept',
  })
  await expect(dev.switchTo(broken)).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  expect(isFlagRaised(dev.place) || readSwitchJournal(dev.place) !== null).toBe(false)
  expect((await dev.ask('/')).text).toContain('Another Title!!')
  expect((await ground.releases.current(dev.place.id))?.number).toBe(current?.number)
  const target = { ...broken.facts.database }
  await expect(connectDatabase(target)).rejects.toMatchObject({ code: 'DATABASE_REFUSED' }) // locked again
})

test('a switch that is taken back behind its fence leaves no caches of the new code, also when its process was killed', async () => {
  const from = await ground.releases.current(dev.place.id)
  const { release: to } = await dev.prepare({
    code: async (into) => {
      await writeLabCode(into, 'broken')
      writeFileSync(join(into, 'index.php'), '<?php no_such_function();')
    },
    files: 'kept',
    database: 'kept',
  })
  const admin = await ground.mysql.admin()
  const options = `${to.schema}.wp_options`
  const cache = () =>
    admin.query(`REPLACE INTO ${options} (option_name, option_value) VALUES ('_transient_lab', 'x'), ('lab', 'x')`)
  const left = async () => (await admin.query(`SELECT option_name FROM ${options} WHERE option_name LIKE '%lab'`)).length
  const emptied = (number: number) => emptyCaches(dev.place, number, ground)
  const { place, url, pool: php } = dev
  const about = { place, url, php, mysql: ground.mysql, onCommit: async () => {}, emptyCaches: emptied }
  const switched = switchRelease({ ...about, from, to, run, underFence: async () => void (await cache()) })
  await expect(switched).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  expect([await left(), isFlagRaised(place), readSwitchJournal(place)]).toEqual([1, false, null])
  await cache()
  if (from === null) throw new Error('a release is current')
  writeSwitchJournal(place, { from, to, touchesCaches: true })
  await recoverSwitches({ ...about, places: [place], emptyCaches: (_, number) => emptied(number) })
  expect([await left(), readSwitchJournal(place)]).toEqual([1, null])
  await admin.close()
})

test('during a switch everything is refused with 503, but for the check', async () => {
  const lab = await addEnvironment(ground, 'lab', 'dev')
  await lab.switchTo(await prepareLab(lab, 'one'))
  expect(JSON.parse((await lab.ask('/')).text)).toEqual({ code: 'one', files: 'one', database: 'one', release: '1' })
  const two = await prepareLab(lab, 'two')
  const from = await ground.releases.current(lab.place.id)
  const seen: number[] = []
  await switchRelease({
    ...{ place: lab.place, from, to: two.release, php: lab.pool, mysql: ground.mysql, url: lab.url, run },
    underFence: async () => {
      const answer = await lab.ask('/')
      expect(answer.headers.get('retry-after')).toBeDefined()
      seen.push(answer.status)
    },
    onCommit: async () => {
      seen.push((await lab.ask('/')).status)
      await ground.releases.setCurrent(lab.place.id, two.release.number, new Date())
    },
  })
  expect(seen).toEqual([503, 503])
  expect(JSON.parse((await lab.ask('/')).text)).toEqual({ code: 'two', files: 'two', database: 'two', release: '2' })
  await expect(
    switchRelease({
      ...{ place: lab.place, from, to: two.release, php: null, mysql: ground.mysql, url: lab.url, run },
      onCommit: async () => {},
    }),
  ).rejects.toMatchObject({ code: 'APPLY_CONFLICT' })
})

test('a failed preparation leaves nothing; one that lacks space writes nothing', async () => {
  const before = await onServer()
  const trees = (): string[] => [
    ...readdirSync(join(dev.place.directory, 'releases')),
    ...readdirSync(join(dev.place.directory, 'files')),
  ]
  const treesBefore = trees()
  const fail = async (): Promise<void> => {
    throw new Error('the writer failed')
  }
  await expect(dev.prepare({ files: fail, database: load() })).rejects.toThrow('the writer failed')
  await expect(dev.prepare({ database: load('CREATE TABLE t (n int);\nnonsense;\n') })).rejects.toMatchObject({
    code: 'LOAD_FAILED',
  })
  await expect(dev.prepare({ expectedBytes: 1e18 })).rejects.toMatchObject({ code: 'SPACE_LACKING' })
  expect(await onServer()).toEqual(before)
  expect(trees()).toEqual(treesBefore)
})

test('a database that is loaded meanwhile is told that space lacks for what was learned', async () => {
  const told = Promise.withResolvers<never>()
  told.promise.catch(() => {}) // perhaps before the database asks
  const learned = { framework: 'wordpress', commit: null, code: async () => {}, files: 'empty', expectedBytes: 1e18 } as const
  const prepared = dev.prepare({ database: () => told.promise, learn: async () => learned, onFailure: told.reject })
  await expect(prepared).rejects.toMatchObject({ code: 'SPACE_LACKING' })
})

test('a workflow that was killed while it prepared begins anew, and has one release in the end', async () => {
  const lab = await addEnvironment(ground, 'again', 'dev')
  const origin = { workflow: 'killed', backup: null, what: 'a test' }
  const begun = await ground.releases.begin({
    ...{ environmentId: lab.place.id, framework: 'wordpress', docroot: '', commit: null, files: 'new', database: 'new', origin },
  })
  mkdirSync(join(releasePaths(lab.place, begun.number).code, 'half'), { recursive: true })
  mkdirSync(join(filesPath(lab.place, begun.filesId), 'half'), { recursive: true })
  await ground.mysql.createSchema(begun.schema)
  const admin = await ground.mysql.admin()
  await admin.query(`CREATE TABLE ${begun.schema}.half (n int)`)
  await admin.close()
  const wanted = { code: (to: string) => writeLabCode(to, 'x'), files: writeMark('x'), database: loadMark('x'), origin }
  const prepared = await lab.prepare(wanted)
  expect(prepared.release).toEqual({ ...begun, state: 'ready' })
  expect(await lab.prepare(wanted)).toEqual(prepared)
  await lab.switchTo(prepared)
  expect(await sqlOf(lab, 'SHOW TABLES')).toHaveLength(1)
  expect(existsSync(join(prepared.facts.codeRoot, 'half')) || existsSync(join(prepared.facts.filesDirectory, 'half'))).toBe(false)
})

test('a new address is told to the running site', async () => {
  const release = await ground.releases.current(dev.place.id)
  if (release === null) throw new Error('no release is current')
  const told = { place: dev.place, mysql: ground.mysql, siteUuid: '6c1b0d0e-3c38-4a54-9f0b-1f0c8f6f2f11' }
  await tellEnvironment({ ...told, url: 'http://shop.example.com' }, release)
  expect((await dev.ask('/wp-login.php')).text).toContain('http://shop.example.com/wp-login.php')
  await tellEnvironment({ ...told, url: dev.url }, release)
})

test('releases are dropped by number and by time, and what is shared stays as long as anybody needs it', async () => {
  const lab = await addEnvironment(ground, 'drop', 'dev')
  const drop = (keep: number, now = new Date()) => dropReleases({ ...ground, place: lab.place, keep, now })
  await lab.switchTo(await prepareLab(lab, 'a'))
  await lab.switchTo(await lab.prepare({ code: (to) => writeLabCode(to, 'b'), files: 'kept', database: 'kept' }))
  // the site makes a trigger itself: it runs as the account of this release
  await sqlOf(lab, 'CREATE TRIGGER own BEFORE INSERT ON lab FOR EACH ROW SET NEW.mark=UPPER(NEW.mark)')
  const maker = await ground.releases.current(lab.place.id)
  await lab.switchTo(await lab.prepare({ code: (to) => writeLabCode(to, 'c'), files: writeMark('c'), database: 'kept' }))
  expect(await drop(5)).toEqual([])
  const dropped = await drop(0)
  expect(dropped.map(({ number }) => number).sort()).toEqual([1, 2])
  const { schemas, accounts } = await onServer()
  const current = await ground.releases.current(lab.place.id)
  expect(schemas).toContain(current?.schema)
  expect(accounts).toContain(maker?.account) // or the trigger would fail
  expect(existsSync(filesPath(lab.place, maker?.filesId ?? 'none'))).toBe(false)
  await sqlOf(lab, "INSERT INTO lab VALUES ('new')")
  expect(JSON.parse((await lab.ask('/')).text)).toMatchObject({ code: 'c', files: 'c', database: 'a' })
  await lab.switchTo(await prepareLab(lab, 'd'))
  expect(await drop(5, new Date(Date.now() + 3 * 86_400_000))).toHaveLength(1) // its time is over
  expect((await onServer()).schemas).not.toContain(current?.schema)

  await lab.switchTo(await lab.prepare({ code: (to) => writeLabCode(to, 'e'), files: 'kept', database: 'kept' }))
  const last = await ground.releases.current(lab.place.id)
  await lab.pool.stop()
  await dropEnvironment({ ...ground, place: lab.place })
  expect((await onServer()).schemas).not.toContain(last?.schema) // two releases shared it
  await ground.catalogue.remove('drop', 'dev')
  await cleanUpLeftovers(await cleaning())
  expect(existsSync(lab.place.directory)).toBe(false)
  expect((await onServer()).accounts).not.toContain(maker?.account)
})

async function cleaning(): Promise<Parameters<typeof cleanUpLeftovers>[0]> {
  const sites = await ground.catalogue.listSites()
  const all = (await Promise.all(sites.map(({ name }) => ground.catalogue.listEnvironments(name)))).flat()
  const isAlive = async (workflow: string): Promise<boolean> => workflow === 'goes-on'
  return { ...ground, sitesDirectory: ground.sites, places: all.map(placeOf), isAlive }
}

test('what a killed preparation left is removed; what goes on, what is current and what is foreign stays', async () => {
  const lab = await addEnvironment(ground, 'left', 'dev')
  await lab.switchTo(await prepareLab(lab, 'a'))
  await cleanUpLeftovers(await cleaning())
  const before = await onServer()
  // as a kill leaves it: rows and things, and things without rows
  const origin = (workflow: string) => ({ workflow, backup: null, what: 'a test' })
  const dead = await lab.prepare({ origin: origin('dead'), database: loadMark('x') })
  const alive = await lab.prepare({ origin: origin('goes-on'), database: loadMark('y') })
  const half = await lab.prepare({ origin: origin('half'), database: loadMark('z') })
  await ground.releases.setDropped(half.release) // and killed before it was discarded
  const stranger = ground.names.schema('0123456789ab') // of an installation that this one was copied from
  await ground.mysql.createSchema(stranger)
  await ground.mysql.createOwner({ user: ground.names.owner(stranger), schema: stranger })
  const other = `c_${'z'.repeat(6)}_0123456789ab`
  await ground.mysql.createSchema(other)
  mkdirSync(join(lab.place.directory, 'releases/000099/code'), { recursive: true })
  mkdirSync(join(lab.place.directory, 'files/nobodys'))
  const done = await cleanUpLeftovers(await cleaning())
  expect(done.join('\n')).toContain(`release ${dead.release.number} of left.dev`)
  const after = await onServer()
  expect(after.schemas).toEqual([...before.schemas, alive.release.schema, stranger].sort())
  const kept = [alive.release.account, ground.names.owner(alive.release.schema), ground.names.owner(stranger)]
  expect(after.accounts).toEqual([...before.accounts, ...kept].sort())
  expect(readdirSync(join(lab.place.directory, 'releases')).sort()).toEqual(['000001', '000003'])
  expect(readdirSync(join(lab.place.directory, 'files'))).toHaveLength(2)
  expect((await ground.mysql.listOwn(['c_zzzzzz_'])).schemas).toEqual([other])
  for (const schema of [other, stranger]) await ground.mysql.dropSchema(schema)

  // rows from yesterday: what runs stays
  await ground.state.db.deleteFrom('release').where('environment_id', '=', lab.place.id).execute()
  await cleanUpLeftovers(await cleaning())
  expect(JSON.parse((await lab.ask('/')).text)).toMatchObject({ code: 'a', files: 'a', database: 'a' })
  rmSync(join(lab.place.directory, 'current'))
})

test('a clone is made safe, and says how', async () => {
  const credentials = wordpress.database
  const database = await connectDatabase(credentials)
  await database.run("INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (1, 'session_tokens', 'x')")
  await database.run('CREATE TABLE wp_actionscheduler_actions (action_id int, hook text, status varchar(20))')
  await database.run("INSERT INTO wp_actionscheduler_actions VALUES (1, 'renew', 'pending'), (2, 'old', 'complete')")
  await database.run('CREATE TABLE wp_woocommerce_sessions (something int)') // not the one that is meant
  await database.run('INSERT INTO wp_woocommerce_sessions VALUES (1)')
  const said = await calmClone({ framework: 'wordpress', tablePrefix: 'wp_', credentials })
  expect(said.join('\n')).toMatch(/1 sign-ins .*ended\n1 waiting actions/)
  const one = async (sql: string) => String(Object.values((await database.query(sql))[0] ?? {})[0])
  expect(await one("SELECT option_value FROM wp_options WHERE option_name='blog_public'")).toBe('1')
  expect(await one("SELECT count(*) FROM wp_usermeta WHERE meta_key='session_tokens'")).toBe('0')
  expect(await one('SELECT group_concat(status ORDER BY action_id) FROM wp_actionscheduler_actions')).toBe('canceled,complete')
  expect(await one('SELECT count(*) FROM wp_woocommerce_sessions')).toBe('1')
  expect(await calmClone({ framework: 'wordpress', tablePrefix: 'wp_', credentials })).toHaveLength(4)
  await database.run('CREATE TABLE d_sessions (uid int, sid varchar(20))')
  await database.run("INSERT INTO d_sessions VALUES (1, 'a')")
  expect((await calmClone({ framework: 'drupal8', tablePrefix: 'd_', credentials }))[0]).toContain('1 sessions')
  await database.close()
  expect(readFileSync(join(wordpress.directory, 'wp-config.php'), 'utf8')).toContain('source')
})
