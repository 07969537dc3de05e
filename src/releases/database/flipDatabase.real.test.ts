import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fingerprint, makeHardDatabase } from '../../../test/database/hardDatabase.ts'
import { startMariadb, type TestMariadb } from '../../../test/servers/mariadb.ts'
import { amount, seedOr } from '../../../test/soak.ts'
import { quietRun } from '../../base/run.ts'
import { childEnd } from '../../base/spawn.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { dumpDatabase, type DumpFacts } from '../../elements/database/dumpDatabase.ts'
import type { AdminCredentials, DatabaseCredentials } from '../../sites/credentials.ts'
import { flipDatabase } from './flipDatabase.ts'
import { readPlan } from './plan.ts'
import { prepareDatabase } from './prepareDatabase.ts'
import { dropDatabaseUndo, recoverDatabase } from './recoverDatabase.ts'
const root = mkdtempSync(join(tmpdir(), 'cairn-flip-'))
let server: TestMariadb
let dump: Buffer
let wanted: DumpFacts
let backed: Record<string, string>
let round = 0
const rounds = amount({ few: 2, many: 100 })

const account = (database: string): DatabaseCredentials => ({
  host: null,
  port: null,
  socket: server.socket,
  user: 'site',
  password: 'p\'a"s\\s #;',
  database,
})
const administrator: AdminCredentials = { user: 'boss', password: 'b' }

async function makeLive(): Promise<void> {
  await makeHardDatabase(server, 'wp', 1, 'site@localhost')
  await server.admin(
    `CREATE TABLE only_live(id int PRIMARY KEY, pid int, CONSTRAINT fk_live FOREIGN KEY(pid) REFERENCES parent(id) ON DELETE SET NULL);
     CREATE VIEW v_live AS SELECT 1 x; CREATE DEFINER=site@localhost PROCEDURE p_live() SELECT 1; CREATE TRIGGER t_live AFTER DELETE ON only_live FOR EACH ROW SET @x=1;`,
    'wp',
  )
}

beforeAll(async () => {
  server = await startMariadb(join(root, 'db'))
  await server.admin(
    `CREATE USER site@localhost IDENTIFIED BY 'p\\'a"s\\\\s #;'; CREATE USER boss@localhost IDENTIFIED BY 'b';
     GRANT ALL ON wp.* TO site@localhost; GRANT ALL ON bk.* TO site@localhost; GRANT ALL ON *.* TO boss@localhost;
     CREATE USER watcher@localhost IDENTIFIED BY 'w'; GRANT SELECT ON wp.* TO watcher@localhost; SET GLOBAL log_bin_trust_function_creators=1;`,
  )
  await makeHardDatabase(server, 'bk', 2, 'site@localhost')
  await server.admin(
    'CREATE TABLE only_bk(id int PRIMARY KEY, pid int, CONSTRAINT fk_bk FOREIGN KEY(pid) REFERENCES parent(id))',
    'bk',
  )
  const reading = dumpDatabase({ credentials: account('bk'), run: quietRun() })
  const parts: Buffer[] = []
  for await (const section of reading) for await (const data of section.data) parts.push(data)
  dump = Buffer.concat(parts)
  writeFileSync(join(root, 'dump.sql'), dump)
  wanted = reading.facts()
  backed = await fingerprint(account('bk'))
})

afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})

beforeEach(makeLive)

async function* pieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < dump.length; at += 10_000) yield dump.subarray(at, at + 10_000)
}

async function prepare(
  admin: AdminCredentials | null,
): Promise<{ directory: string; id: string; credentials: DatabaseCredentials; admin: AdminCredentials | null }> {
  const id = `t${++round}`
  const options = { directory: join(root, id), id, credentials: account('wp'), admin }
  await prepareDatabase({ ...options, dump: pieces(), wanted, run: quietRun() })
  return options
}

for (const [name, admin] of [
  ['its own account', null],
  ["an administrator's account", administrator],
] as const) {
  test(`with ${name} a restore, its undo and its redo are exact, and leave nothing behind when dropped`, async () => {
    const old = await fingerprint(account('wp'))
    const options = { ...(await prepare(admin)), run: quietRun() }
    expect(await fingerprint(account('wp'))).toEqual(old)
    await flipDatabase('forward', options)
    expect(await fingerprint(account('wp'))).toEqual(backed)
    await server.admin(
      "CREATE TABLE made_later(id int); INSERT INTO made_later VALUES(5); INSERT INTO wp_options VALUES('later','1')",
      'wp',
    )
    const later = await fingerprint(account('wp'))
    await flipDatabase('back', options)
    expect(await fingerprint(account('wp'))).toEqual(old)
    await flipDatabase('forward', options)
    expect(await fingerprint(account('wp'))).toEqual(later)
    await dropDatabaseUndo(options)
    expect(await fingerprint(account('wp'))).toEqual(later)
    expect(await countAside(options.id)).toBe('0\n')
  })

  test(`with ${name}, killed at any statement and recovered, the database is old or new`, async () => {
    const old = await fingerprint(account('wp'))
    const options = await prepare(admin)
    const random = seeded(seedOr(7))
    let kills = 0
    let live: 'old' | 'new' = 'old'
    const total = await play('forward', options, 0)
    await play('back', options, 0)
    for (let n = 0; n < rounds; n++) {
      for (const direction of ['forward', 'back'] as const) {
        if ((await play(direction, options, 1 + Math.floor(random() * total.writes))).killed) kills++
        if (random() < 0.5 && (await play('recover', options, 1 + Math.floor(random() * total.writes))).killed) kills++
        const end = await recover(options, live)
        expect(await fingerprint(account('wp')), `${direction} of round ${n}`).toEqual(end === 'new' ? backed : old)
        if (admin !== null) await (await connectDatabase(account('wp'))).close() // unlocked again
        live = end
        const goal = direction === 'forward' ? 'new' : 'old'
        if (live !== goal) {
          expect((await play(direction, options, 0)).killed).toBe(false)
          live = goal
        }
      }
    }
    expect(kills).toBeGreaterThan(1.5 * rounds)
  })
}

test('staging killed at any statement changes nothing, and leaves nothing behind once recovered', async () => {
  const old = await fingerprint(account('wp'))
  const random = seeded(3)
  for (const admin of [null, administrator]) {
    const options = { id: `s${++round}`, directory: join(root, `s${round}`), credentials: account('wp'), admin }
    for (let n = 0; n < 4; n++) {
      expect((await play('prepare', options, 1 + Math.floor(random() * 110))).killed).toBe(true)
      expect(await fingerprint(account('wp'))).toEqual(old)
    }
    expect(await recoverDatabase({ ...options, run: quietRun() })).toBe('old')
    expect(await countAside(options.id)).toBe('0\n')
    expect((await play('prepare', options, 0)).killed).toBe(false)
    await flipDatabase('forward', { ...options, run: quietRun() })
    expect(await fingerprint(account('wp'))).toEqual(backed)
    await flipDatabase('back', { ...options, run: quietRun() })
    await dropDatabaseUndo(options)
  }
})

function countAside(id: string): Promise<string> {
  return server.admin(
    `SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME LIKE '\\_cairn${id}\\_%')
      + (SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'cairn\\_${id}\\_%')`,
  )
}

/** Ends what a kill left; a flip that had not begun to move leaves the side that was live. */
async function recover(options: Awaited<ReturnType<typeof prepare>>, before: 'old' | 'new'): Promise<'old' | 'new'> {
  const moved = readPlan(options.directory)?.state.phase !== 'prepared'
  if (!moved) return before
  return (await recoverDatabase({ ...options, run: quietRun() })) === 'new' ? 'new' : 'old'
}

async function play(
  what: string,
  options: Awaited<ReturnType<typeof prepare>>,
  killAt: number | string,
): Promise<{ killed: boolean; writes: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../test/database/flipChild.ts'), what], {
    stdio: ['pipe', 'inherit', 'pipe'],
  })
  child.stdin.end(JSON.stringify({ ...options, killAt, dumpFile: join(root, 'dump.sql'), wanted }))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (said += text))
  const end = await childEnd(child)
  if (end.signal === null && end.code !== 0) throw new Error(said)
  return { killed: end.signal !== null, writes: Number(said) || 0 }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test('a live view that is broken is left alone, and stops neither restore nor undo', async () => {
  await server.admin('CREATE TABLE gone(id int); CREATE VIEW v_broken AS SELECT * FROM gone; DROP TABLE gone', 'wp')
  const old = await fingerprint(account('wp'))
  const options = { ...(await prepare(null)), run: quietRun() }
  await flipDatabase('forward', options)
  expect(await fingerprint(account('wp'))).toEqual(backed)
  await flipDatabase('back', options)
  expect(await fingerprint(account('wp'))).toEqual(old)
  expect(await server.admin("SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_NAME='v_broken'")).toBe('1\n')
})

test('a connection of the site that does not end makes it busy, and everything stays as it was', async () => {
  const old = await fingerprint(account('wp'))
  const options = { ...(await prepare(null)), run: quietRun(), drainMs: 200 }
  const visitor = await connectDatabase(account('wp'))
  await expect(flipDatabase('forward', options)).rejects.toMatchObject({ code: 'DATABASE_BUSY', retry: 'later' })
  expect(await visitor.query('SELECT 1 AS one')).toEqual([{ one: 1 }]) // never killed
  await visitor.close()
  expect(await fingerprint(account('wp'))).toEqual(old)
  await flipDatabase('forward', options)
  expect(await fingerprint(account('wp'))).toEqual(backed)
})

test('a transaction of another account makes it busy after its triggers were dropped, and they come back', async () => {
  const old = await fingerprint(account('wp'))
  const options = { ...(await prepare(null)), run: quietRun() }
  const other = await connectDatabase({ ...account('wp'), user: 'boss', password: 'b' })
  await other.run('START TRANSACTION')
  await other.query('SELECT * FROM wp_options')
  await expect(flipDatabase('forward', options)).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  await other.close()
  expect(await fingerprint(account('wp'))).toEqual(old)
})

test.each([null, administrator])('one that was killed and then meets such a transaction goes back too (%o)', async (admin) => {
  const old = await fingerprint(account('wp'))
  const options = await prepare(admin)
  expect((await play('forward', options, 'RENAME TABLE')).killed).toBe(true)
  expect(readPlan(options.directory)?.state.phase).toBe('moving')
  expect(await server.admin("SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA='wp'")).toBe('0\n')
  const other = await connectDatabase({ ...account('wp'), user: 'watcher', password: 'w' })
  await other.run('START TRANSACTION')
  await other.query('SELECT * FROM wp_options')
  await expect(recoverDatabase({ ...options, run: quietRun() })).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  await other.close()
  expect(await fingerprint(account('wp'))).toEqual(old)
  expect(readPlan(options.directory)?.state).toEqual({ phase: 'done', direction: 'back', fenced: false })
  await (await connectDatabase(account('wp'))).close() // its account is open
  await dropDatabaseUndo(options)
  expect(await countAside(options.id)).toBe('0\n')
})

test("with an administrator's account the site's connections are ended behind the lock, and it can connect afterwards", async () => {
  const options = { ...(await prepare(administrator)), run: quietRun() }
  const visitor = await connectDatabase(account('wp'))
  await flipDatabase('forward', options)
  await expect(visitor.query('SELECT 1')).rejects.toThrow()
  expect(await fingerprint(account('wp'))).toEqual(backed)
})

test('an account without TRIGGER is refused before anything is loaded', async () => {
  await server.admin(
    "CREATE OR REPLACE USER poor@localhost IDENTIFIED BY 'x'; GRANT SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,ALTER,INDEX ON wp.* TO poor@localhost",
  )
  const credentials = { ...account('wp'), user: 'poor', password: 'x' }
  const options = { id: 'poor', directory: join(root, 'poor'), credentials, admin: null, dump: pieces(), wanted, run: quietRun() }
  await expect(prepareDatabase(options)).rejects.toMatchObject({ code: 'DATABASE_GRANTS' })
  await server.admin('SET GLOBAL log_bin_trust_function_creators=0')
  await expect(prepareDatabase({ ...options, credentials: account('wp') })).rejects.toMatchObject({
    code: 'DATABASE_GRANTS',
    hint: expect.stringContaining('log_bin_trust_function_creators'),
  })
  await server.admin('SET GLOBAL log_bin_trust_function_creators=1')
})

test('a dump with other rows than the manifest says is not used', async () => {
  const lying = {
    ...wanted,
    tables: wanted.tables.map((table) => (table.name === 'wp_posts' ? { ...table, rows: 2999 } : table)),
  }
  const options = { id: 'lying', directory: join(root, 'lying'), credentials: account('wp'), admin: null, run: quietRun() }
  await expect(prepareDatabase({ ...options, dump: pieces(), wanted: lying })).rejects.toMatchObject({ code: 'VERIFY_FAILED' })
  expect(await recoverDatabase(options)).toBe('old')
})
