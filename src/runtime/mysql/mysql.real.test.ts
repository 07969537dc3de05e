import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Failure } from '../../base/failure.ts'
import { processStart } from '../../base/processes.ts'
import type { MysqlAdmin, PrivateMysql } from '../types.ts'
import { type AdminEndpoint, connectAdmin } from './admin.ts'
import { claimServer } from './claim.ts'
import { mariadbAccount } from './install.ts'
import { connectNamedMysql } from './namedMysql.ts'
import { startPrivateMariadb } from './privateMariadb.ts'

const ground = mkdtempSync(join(tmpdir(), 'cairn-mysql-'))
chmodSync(ground, 0o711)
const directory = join(ground, 'mysql')
const start = (): Promise<PrivateMysql> => startPrivateMariadb({ directory, log: () => {} })
let server: PrivateMysql
/** As another MariaDB of the same account would have it at this moment */
const ofAnother = join(tmpdir(), `#sql-temptable-cairn-${process.pid}.MAI`)

beforeAll(async () => {
  writeFileSync(ofAnother, '')
  const { uid, gid } = mariadbAccount()
  chownSync(ofAnother, uid, gid)
  server = await start()
  for (const schema of ['c_one', 'c_two', 'cxone']) await server.createSchema(schema)
  await server.createAccount({ user: 'r_one', password: 'first', schema: 'c_one' })
  await server.createAccount({ user: 'r_two', password: 'second', schema: 'c_two' })
  const two = await login('r_two', 'second')
  await two.query('CREATE TABLE c_two.secret AS SELECT 1 AS n')
  await two.close()
})

afterAll(async () => {
  await server.stop()
  rmSync(ofAnother, { force: true })
  rmSync(ground, { recursive: true, force: true })
})

test('temporary tables of other servers stay: MariaDB deletes all that it finds when it starts', () => {
  expect(existsSync(ofAnother)).toBe(true)
})

test('an account reaches its own schema and nothing else, however it asks', async () => {
  const one = await login('r_one', 'first')
  await one.query('CREATE TABLE c_one.t (n int)')
  await one.query('INSERT INTO c_one.t VALUES (7)')
  await one.query('CREATE VIEW c_one.v AS SELECT n FROM c_one.t')
  await one.query('CREATE TRIGGER c_one.tr BEFORE INSERT ON c_one.t FOR EACH ROW SET NEW.n = NEW.n + 1')
  const admin = await server.admin()
  const [administrator] = await admin.query('SELECT CONNECTION_ID() AS id')
  const refused = [
    'SELECT * FROM c_two.secret',
    'CREATE TABLE cxone.t (n int)', // c_one as a pattern would match
    'SELECT User FROM mysql.user',
    'CREATE DATABASE c_three',
    'CREATE USER r_three',
    'GRANT SELECT ON c_one.* TO r_two@localhost',
    "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/cairn-outfile'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE c_one.t",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE c_one.t",
    'SET GLOBAL max_connections = 1',
    'SHUTDOWN',
    "INSTALL SONAME 'ha_connect'",
    "CREATE FUNCTION c_one.f RETURNS STRING SONAME 'x.so'",
    "CREATE DEFINER = 'cairn'@'localhost' VIEW c_one.v2 AS SELECT 1",
    `KILL ${String(administrator?.['id'])}`,
  ]
  const outcomes = await Promise.all(refused.map((sql) => outcome(one, sql)))
  expect(outcomes).toEqual(refused.map((sql) => `refused: ${sql}`))
  expect(await one.query("SELECT LOAD_FILE('/etc/passwd') AS content")).toEqual([{ content: null }])
  expect(await one.query("SELECT user FROM information_schema.processlist WHERE user <> 'r_one'")).toEqual([])
  expect(await one.query("SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'c%'")).toEqual([
    { schema_name: 'c_one' },
  ])
  await Promise.all([one.close(), admin.close()])
})

test('its rights are exactly these', async () => {
  const grants = await server.grantsOf('r_one')
  expect([...new Set(grants.map((grant) => grant.replace(/ TO .*/, '')))].toSorted()).toEqual([
    'GRANT ALL PRIVILEGES ON `c\\_one`.*', // how the server words them all
    'GRANT USAGE ON *.*',
  ])
})

test('a locked account is refused, the connections that it had are ended, and unlocking lets it in again', async () => {
  const open = await Promise.all([login('r_two', 'second'), login('r_two', 'second')])
  await server.lockAccount('r_two')
  await expect(login('r_two', 'second')).rejects.toMatchObject({ code: 'MYSQL_HOME' })
  expect(await open[0]?.query('SELECT 1 AS n')).toEqual([{ n: 1 }]) // this is why they have to be killed
  await server.killConnections('r_two')
  for (const connection of open) await expect(connection.query('SELECT 1')).rejects.toMatchObject({ code: 'MYSQL_HOME' })
  await server.unlockAccount('r_two')
  const again = await login('r_two', 'second')
  await again.close()
})

test('everything may be asked for again, and what is ours is listed by its prefixes', async () => {
  await server.createSchema('c_one')
  await server.createAccount({ user: 'r_one', password: 'changed', schema: 'c_one' })
  await (await login('r_one', 'changed')).close()
  await server.createOwner({ user: 'o_one', schema: 'c_one' })
  await server.createOwner({ user: 'o_one', schema: 'c_one' })
  await expect(login('o_one', '')).rejects.toMatchObject({ code: 'MYSQL_HOME' })
  const listed = await server.listOwn(['c_', 'r_', 'o_'])
  expect({ schemas: listed.schemas.toSorted(), accounts: listed.accounts.toSorted() }).toEqual({
    schemas: ['c_one', 'c_two'],
    accounts: ['o_one', 'r_one', 'r_two'],
  })
  for (const user of ['o_one', 'o_one']) await server.dropAccount(user)
  for (const schema of ['cxone', 'cxone']) await server.dropSchema(schema)
  expect((await server.listOwn(['o_', 'cx'])).accounts).toEqual([])
})

test('views of an owner that never logs in go on when the release account is gone', async () => {
  await server.createOwner({ user: 'o_two', schema: 'c_two' })
  const admin = await server.admin()
  await admin.query("CREATE DEFINER = 'o_two'@'localhost' VIEW c_two.v AS SELECT n FROM c_two.secret")
  await admin.close()
  await server.createAccount({ user: 'r_new', password: 'new', schema: 'c_two' })
  const site = await login('r_new', 'new')
  expect(await site.query('SELECT n FROM c_two.v')).toEqual([{ n: 1 }])
  await site.close()
})

test('a server of the administrator is reached by its address, and refused without the rights', async () => {
  const { user, password } = server.adminLogin
  const named = await connectNamedMysql(`mysql://${user}:${password}@localhost:${server.port}/?socket=${server.socket}`)
  expect(named.family).toBe('mariadb')
  await named.createSchema('c_named')
  await named.dropSchema('c_named')
  await expect(connectNamedMysql(`mysql://r_one:changed@127.0.0.1:${server.port}/`)).rejects.toMatchObject({
    code: 'DATABASE_GRANTS',
  })
  await expect(connectNamedMysql('postgres://x@y/')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('a schema that a killed server has half dropped is dropped, or it is said which files hold it', async () => {
  const { user, password } = server.adminLogin
  const named = await connectNamedMysql(`mysql://${user}:${password}@localhost:${server.port}/?socket=${server.socket}`)
  const schemaDirectory = join(directory, 'data/c_half')
  await server.createSchema('c_half')
  writeFileSync(join(schemaDirectory, 'tr.TRN'), 'TYPE=TRIGGERNAME\ntrigger_table=t\n') // as 10.11 leaves it
  await expect(named.dropSchema('c_half')).rejects.toMatchObject({
    code: 'MYSQL_HOME',
    hint: expect.stringContaining('directory "c_half"'),
  })
  await server.dropSchema('c_half')
  expect(existsSync(schemaDirectory)).toBe(false)
})

test('of two copies of an installation one works on a server at a time, also after its connection was lost', async () => {
  const lost: Failure[] = []
  const claim = () => claimServer({ mysql: server, secret: 's3cret', onLost: (error) => lost.push(error), watchMs: 50 })
  const first = await claim()
  await expect(claim()).rejects.toMatchObject({ code: 'SERVER_RUNNING' })
  const admin = await server.admin()
  const holder = async () => (await admin.query("SELECT IS_USED_LOCK('cairn_s3cret') AS id"))[0]?.['id']
  const before = await holder()
  await admin.query(`KILL ${String(before)}`)
  await expect.poll(holder, { timeout: 20_000 }).not.toBe(before)
  await expect.poll(holder, { timeout: 20_000 }).not.toBeNull()
  await expect(claim()).rejects.toMatchObject({ code: 'SERVER_RUNNING' })
  await first.release()
  await (await claim()).release()
  expect(lost).toEqual([])
  await admin.close()
})

test('its directory is closed, the password stands nowhere, and a second server on it is refused', async () => {
  expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(directory, 'private'))).toEqual(['mariadb.pid'])
  expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(server.adminLogin.password)
  await expect(start()).rejects.toMatchObject({ code: 'SERVER_RUNNING' })
})

test('after a kill -9 of the parent the next start stops what was left, and has port and data again', async () => {
  const { port } = server
  await server.stop()
  await server.stop()
  expect(await server.ended).toEqual({ code: 0, signal: null })
  const left = await startInChild()
  expect(left.port).toBe(port)
  left.kill()
  server = await start()
  expect(server.port).toBe(port)
  expect(server.pid).not.toBe(left.pid)
  expect(processStart(left.pid)).toBeNull()
  const two = await login('r_two', 'second')
  expect(await two.query('SELECT n FROM c_two.secret')).toEqual([{ n: 1 }])
  await two.close()
})

function login(user: string, password: string): Promise<MysqlAdmin> {
  const endpoint: AdminEndpoint = { host: '127.0.0.1', port: server.port, socket: null, user, password, tls: null }
  return connectAdmin(endpoint)
}

async function outcome(connection: MysqlAdmin, sql: string): Promise<string> {
  return connection.query(sql).then(
    () => `went through: ${sql}`,
    () => `refused: ${sql}`,
  )
}

async function startInChild(): Promise<{ pid: number; port: number; kill(): void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'start.child.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout }))
    return { ...JSON.parse(line), kill: () => child.kill('SIGKILL') }
  throw new Error('the child ended before its server was ready')
}
