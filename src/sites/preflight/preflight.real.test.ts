import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { runChild } from '../../base/spawn.ts'
import { dumpDatabase } from '../../elements/database/dumpDatabase.ts'
import { startMariadb, type TestMariadb } from '../../../test/servers/mariadb.ts'
import { installWordPress, type WordPress } from '../../../test/servers/wordpress.ts'
import { connectProbe } from '../connect.ts'
import { askDatabase } from '../detect/askDatabase.ts'
import { detectSite } from '../detect/detectSite.ts'
import { environmentFrom } from '../detect/environmentFrom.ts'
import { parseEnvironmentName, parseSiteName } from '../names.ts'
import { checkDatabase } from './checkDatabase.ts'
import { dropLeftTables } from './leftProbes.ts'
import { preflight } from './preflight.ts'

let root: string
let mariadb: TestMariadb
let wordpress: WordPress
const admin = { user: 'boss', password: 'bosspw' }

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'cairn-preflight-'))
  chmodSync(root, 0o711)
  mariadb = await startMariadb(join(root, 'db'))
  await mariadb.admin(`CREATE USER boss@localhost IDENTIFIED BY 'bosspw'; GRANT ALL ON *.* TO boss@localhost WITH GRANT OPTION`)
  const directory = join(root, 'site')
  wordpress = await installWordPress({
    version: '6.5',
    directory,
    mariadb,
    database: 'shop',
    url: 'http://shop.example',
    posts: 5,
    uploads: 2,
  })
})
afterAll(async () => {
  await mariadb.stop()
  rmSync(root, { recursive: true, force: true })
})

async function schemas(): Promise<string> {
  return mariadb.admin(
    `SHOW DATABASES; SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' ORDER BY BINARY TABLE_NAME;
     SELECT User, Host FROM mysql.user`,
  )
}

test('a real WordPress is found whole, its address in its database', async () => {
  const found = await askDatabase(await detectSite(wordpress.directory))
  expect(found).toMatchObject({
    framework: 'wordpress',
    version: '6.5.5',
    url: 'http://shop.example',
    tablePrefix: 'wp_',
    notes: [],
  })
  expect({ ...found.database }).toEqual({ ...wordpress.database })
})

test('the option upload_path moves the files, unless a constant or the person says where they are', async () => {
  await mariadb.admin(`UPDATE shop.wp_options SET option_value = 'media/all' WHERE option_name = 'upload_path'`)
  const found = await askDatabase(await detectSite(wordpress.directory))
  expect(found.filesDirectory).toBe(join(wordpress.directory, 'media/all'))
  const told = await askDatabase(await detectSite(wordpress.directory, { filesPath: wordpress.uploads }))
  expect(told.filesDirectory).toBe(wordpress.uploads)
  await mariadb.admin(`UPDATE shop.wp_options SET option_value = '' WHERE option_name = 'upload_path'`)
})

test('TLS as the configuration or the person asks for it, with and without a look at the certificate', async () => {
  const files = { key: join(root, 'tls.key'), certificate: join(root, 'tls.pem') }
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  await runChild('openssl', [...request, '-keyout', files.key, '-out', files.certificate])
  const secure = await startMariadb(join(root, 'tls'), { args: [`--ssl-cert=${files.certificate}`, `--ssl-key=${files.key}`] })
  try {
    await secure.admin(`CREATE DATABASE n; CREATE TABLE n.t (a int); CREATE USER u@'127.0.0.1' IDENTIFIED BY 'p' REQUIRE SSL;
      GRANT ALL ON n.* TO u@'127.0.0.1'`)
    const account = { host: '127.0.0.1', port: secure.port, socket: null, user: 'u', password: 'p', database: 'n' }
    const said = async (tls: 'required' | 'verified' | null): Promise<string> => {
      const { checks } = await checkDatabase({ ...account, ...(tls === null ? {} : { tls }) }, null)
      return checks.find(({ check }) => check === 'database.connect')?.message ?? ''
    }
    expect(await said('required')).toMatch(/encrypted with TLS/)
    expect(await said(null)).toMatch(/Cannot connect/)
    expect(await said('verified')).toMatch(/Cannot connect.*(?:self-signed|certificate)/i)
    const dump = dumpDatabase({ credentials: { ...account, tls: 'required' }, run: quietRun() })
    for await (const { data } of dump) for await (const _ of data);
    expect(dump.facts().tables.map(({ name }) => name)).toEqual(['t'])
  } finally {
    await secure.stop()
  }
})

test('a database that refuses is a note at detection and a refused mode at preflight', async () => {
  const found = await askDatabase(await detectSite(wordpress.directory, { database: { password: 'wrong' } }))
  expect(found.notes.join()).toMatch(/Access denied/)
  const { databaseMode, checks, mode } = await preflight(attached(found))
  expect(databaseMode).toBe('refused')
  expect(mode).toContain('A restore of database is refused')
  expect(JSON.stringify(checks)).not.toContain('"wrong"')
})

function attached(found: Awaited<ReturnType<typeof detectSite>>) {
  const environment = environmentFrom(found, { site: parseSiteName('shop'), name: parseEnvironmentName('live') })
  return { ...environment, adminDatabase: null }
}

test.runIf(process.getuid?.() === 0)('files behind a link that leads to what is not of its owner are refused', async () => {
  const filesDirectory = join(root, 'linked')
  mkdirSync(join(root, 'victim'))
  symlinkSync('victim', filesDirectory)
  lchownSync(filesDirectory, 33, 33)
  const site = attached(await detectSite(wordpress.directory))
  const { codeMode, filesMode, checks } = await preflight({ ...site, filesDirectory })
  expect({ codeMode, filesMode }).toEqual({ codeMode: 'root', filesMode: 'refused' })
  expect(checks.find(({ level }) => level === 'error')?.message).toContain(`Cannot follow the link "${filesDirectory}"`)
  const further = await preflight({ ...site, furtherFiles: [{ at: 'private', directory: filesDirectory }] })
  expect(further.filesMode).toBe('refused')
})

test('the site own account: same schema, triggers only where the binary log lets it', async () => {
  const before = await schemas()
  const found = await detectSite(wordpress.directory)
  await mariadb.admin('SET GLOBAL log_bin_trust_function_creators = 1')
  const trusted = await preflight(attached(found))
  expect(trusted).toMatchObject({ codeMode: 'root', filesMode: 'root', databaseMode: 'tables' })
  expect(trusted.checks.filter(({ level }) => level === 'error')).toEqual([])
  expect(trusted.mode).toContain('in the same schema')
  await mariadb.admin('SET GLOBAL log_bin_trust_function_creators = 0')
  const untrusted = await checkDatabase(wordpress.database, null)
  expect(untrusted.checks.find(({ check }) => check === 'database.trigger')).toMatchObject({
    level: 'warning',
    message: expect.stringContaining('1419'),
  })
  expect(await schemas()).toBe(before)
})

test('triggers that are there and cannot be made again refuse the database', async () => {
  await mariadb.admin('CREATE TRIGGER shop.t BEFORE INSERT ON shop.wp_posts FOR EACH ROW SET @x = 1')
  const { mode, checks } = await checkDatabase(wordpress.database, null)
  expect(mode).toBe('refused')
  expect(checks.find(({ check }) => check === 'database.trigger')?.level).toBe('error')
  expect((await checkDatabase(wordpress.database, admin)).mode).toBe('schema')
  await mariadb.admin('DROP TRIGGER shop.t')
})

test('an administrator account gives the second schema, and every probe is dropped', async () => {
  const before = await schemas()
  expect((await checkDatabase(wordpress.database, admin)).mode).toBe('schema')
  const useless = await checkDatabase(wordpress.database, {
    user: wordpress.database.user,
    password: wordpress.database.password,
  })
  expect(useless.mode).toBe('tables')
  expect(useless.checks.find(({ check }) => check === 'database.admin')?.level).toBe('warning')
  expect(await schemas()).toBe(before)
})

test('what a killed preflight left is dropped by the next one, and what a running one holds is not', async () => {
  const before = await schemas()
  await mariadb.admin(`CREATE TABLE shop._cairnprobe_1 (id int); CREATE DATABASE _cairnprobe_2; CREATE TABLE _cairnprobe_2.t (id int);
    CREATE USER _cairnprobe_2@localhost ACCOUNT LOCK; CREATE TABLE shop.xcairnprobe_1 (id int)`)
  const running = await connectProbe(wordpress.database)
  await dropLeftTables(running)
  await mariadb.admin('CREATE TABLE shop._cairnprobe_3 (id int)')
  expect((await checkDatabase(wordpress.database, admin)).mode).toBe('schema')
  expect((await schemas()).match(/.cairnprobe.*/g)).toEqual(['_cairnprobe_3', 'xcairnprobe_1'])
  await running.close()
  expect((await checkDatabase(wordpress.database, null)).mode).toBe('tables')
  await mariadb.admin('DROP TABLE shop.xcairnprobe_1')
  expect(await schemas()).toBe(before)
})

test('an account that may only read is refused for a restore, and told why', async () => {
  await mariadb.admin(`CREATE USER reader@localhost IDENTIFIED BY 'r'; GRANT SELECT ON shop.* TO reader@localhost`)
  const { mode, checks } = await checkDatabase({ ...wordpress.database, user: 'reader', password: 'r' }, null)
  expect(mode).toBe('refused')
  expect(checks.find(({ check }) => check === 'database.tables')?.message).toContain('denied')
})
