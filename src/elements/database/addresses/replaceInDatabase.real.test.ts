import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestMariadb, startMariadb } from '../../../../test/servers/mariadb.ts'
import { quietRun } from '../../../base/run.ts'
import type { DatabaseCredentials } from '../../../sites/credentials.ts'
import { connectDatabase } from '../connect.ts'
import { moveNetwork, readNetwork } from './network.ts'
import { type ReplaceOptions, replaceInDatabase } from './replaceInDatabase.ts'
import type { ReplaceReport } from './report.ts'
import { wordpressAddresses } from './wordpress.ts'

const root = mkdtempSync(join(tmpdir(), 'cairn-addresses-'))
let server: TestMariadb

const old = 'https://old.example.com'
const now = 'http://dev-site.localhost:8080/sub'
const s = (text: string): string => `s:${Buffer.byteLength(text)}:"${text}";`
const q = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`

const account = (database: string): DatabaseCredentials => ({
  host: null,
  port: null,
  socket: server.socket,
  user: 'site',
  password: 'x',
  database,
})

/** A fresh schema with these statements in it. */
async function schema(name: string, ...statements: string[]): Promise<void> {
  await server.admin(`DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await server.admin(`SET sql_mode='NO_AUTO_VALUE_ON_ZERO'; ${statements.join(';\n')}`, name)
}

async function replace(
  database: string,
  tables: readonly (string | [string, string])[],
  more: Partial<ReplaceOptions> = {},
): Promise<ReplaceReport> {
  return replaceInDatabase({
    credentials: account(database),
    tables: tables.map((table) =>
      typeof table === 'string' ? { name: table, physicalName: table } : { name: table[0], physicalName: table[1] },
    ),
    pairs: [{ from: old, to: now }],
    framework: null,
    tablePrefix: '',
    dryRun: false,
    run: quietRun(),
    ...more,
  })
}

const rows = async (database: string, sql: string): Promise<string[]> => (await server.admin(sql, database)).trimEnd().split('\n')

beforeAll(async () => {
  server = await startMariadb(join(root, 'db'))
  await server.admin("CREATE USER site@localhost IDENTIFIED BY 'x'; GRANT ALL ON *.* TO site@localhost")
})

afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})

const wordpress = (prefix: string): string[] => [
  `CREATE TABLE ${prefix}options (option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext NOT NULL)`,
  `CREATE TABLE ${prefix}posts (ID bigint unsigned AUTO_INCREMENT PRIMARY KEY, post_date datetime NOT NULL, post_content longtext, guid varchar(255))`,
  `CREATE TABLE ${prefix}postmeta (meta_id bigint PRIMARY KEY, meta_key varchar(255), meta_value longtext)`,
  `INSERT INTO ${prefix}options (option_name, option_value) VALUES ('siteurl', '${old}'), ('home', '${old}'), ('rewrite_rules', 'a:0:{}'),
    ('_transient_x', '${old}'), ('_site_transient_y', 'z'), ('broken', ${q(`a:9:{${s(old)}`)}), ('widget', ${q(`a:1:{i:2;${s(`<a href="${old}/é">`)}}`)})`,
  `INSERT INTO ${prefix}posts VALUES (1, '0000-00-00 00:00:00', '<img src="${old}/a.jpg"> ${old}', '${old}/?p=1'), (2, '2024-02-30 10:00:00', 'nothing', '${old}/?p=2')`,
  `INSERT INTO ${prefix}postmeta VALUES (1, '_elementor_css', 'x'), (2, '_elementor_data', ${q(JSON.stringify([{ url: `${old}/b` }]).replaceAll('/', '\\/'))})`,
]

test('a WordPress: a dry run says what a run does, and writes nothing', async () => {
  await schema(
    'wp',
    ...wordpress('wp_'),
    `CREATE TABLE wp_users (ID int PRIMARY KEY, user_pass varchar(255), user_url varchar(100))`,
    `INSERT INTO wp_users VALUES (1, '${old}', '${old}')`,
    'CREATE VIEW wp_v AS SELECT * FROM wp_posts',
  )
  const tables = ['wp_options', 'wp_posts', 'wp_postmeta', 'wp_users', 'wp_v', 'wp_gone']
  const options = { framework: 'wordpress', tablePrefix: 'wp_' } as const
  const checksum = 'CHECKSUM TABLE wp_options, wp_posts, wp_postmeta, wp_users'
  const before = await rows('wp', checksum)
  const meta = await connectDatabase(account('wp'))
  expect(await wordpressAddresses(meta, [{ name: 'wp_options', physicalName: 'wp_options' }], 'wp_')).toEqual({
    siteurl: old,
    home: old,
  })
  await meta.close()
  const dry = await replace('wp', tables, { ...options, dryRun: true })
  expect(await rows('wp', checksum)).toEqual(before)
  const done = await replace('wp', tables, options)
  expect({ ...done, dryRun: true }).toEqual(dry)
  expect(await rows('wp', 'SELECT option_name, option_value FROM wp_options ORDER BY 1')).toEqual([
    `broken\ta:9:{${s(old)}`,
    `home\t${now}`,
    `siteurl\t${now}`,
    `widget\ta:1:{i:2;${s(`<a href="${now}/é">`)}}`,
  ])
  expect(await rows('wp', 'SELECT post_date, post_content, guid FROM wp_posts ORDER BY ID')).toEqual([
    `0000-00-00 00:00:00\t<img src="${now}/a.jpg"> ${now}\t${old}/?p=1`,
    `0000-00-00 00:00:00\tnothing\t${old}/?p=2`,
  ])
  expect(await rows('wp', 'SELECT user_pass, user_url FROM wp_users')).toEqual([`${old}\t${now}`])
  expect(done).toMatchObject({ rowsChanged: 7, cells: 7, replacements: 8, needsLook: 1, failed: 0 })
  expect(done.skippedTables.map(({ table }) => table)).toEqual(['wp_v', 'wp_gone'])
  expect(done.cleared).toEqual([
    { table: 'wp_options', what: 'rewrite_rules', rows: 1 },
    { table: 'wp_options', what: 'transients', rows: 2 },
    { table: 'wp_postmeta', what: 'Elementor CSS', rows: 1 },
  ])
  const optionsReport = done.tables.find(({ table }) => table === 'wp_options')
  expect(optionsReport?.columns[0]).toMatchObject({ column: 'option_value', needsLook: 1, look: ['option_id=6'] })
  expect(optionsReport?.columns[0]?.samples[0]).toEqual({ row: 'option_id=1', before: old, after: now })
  const again = await replace('wp', tables, options)
  expect(again).toMatchObject({ rowsChanged: 0, replacements: 0, cleared: [] })
})

test('staged tables are changed under the names that they have now, by the rules for those that they stand for', async () => {
  await schema(
    'wp',
    ...wordpress('wp_'),
    'RENAME TABLE wp_options TO _cairn7_i0, wp_posts TO _cairn7_i1, wp_postmeta TO _cairn7_i2',
    ...wordpress('wp_'),
  )
  const done = await replace(
    'wp',
    [['wp_options', '_cairn7_i0'], ['wp_posts', '_cairn7_i1'], ['wp_postmeta', '_cairn7_i2'], '_cairn8_o1'],
    { framework: 'wordpress', tablePrefix: 'wp_' },
  )
  expect(done.tables.map(({ table }) => table)).toEqual(['wp_options', 'wp_posts', 'wp_postmeta'])
  expect(done.skippedTables).toEqual([{ table: '_cairn8_o1', reason: 'a table of Cairn' }])
  expect(
    await rows('wp', "SELECT option_value FROM _cairn7_i0 WHERE option_name='home' UNION SELECT guid FROM _cairn7_i1 WHERE ID=1"),
  ).toEqual([now, `${old}/?p=1`])
  expect(await rows('wp', "SELECT option_value FROM wp_options WHERE option_name='home'")).toEqual([old])
  expect(await rows('wp', 'SELECT COUNT(*) FROM _cairn7_i2')).toEqual(['1'])
})

test('Drupal: serialized text in longblobs is replaced, a blob that is no text is left and counted, uid 0 stays', async () => {
  const config = `a:2:{${s('url')}${s(`${old}/x`)}${s('o')}O:8:"stdClass":1:{${s('\0*\0v')}${s(old)}}}`
  await schema(
    'drupal',
    'CREATE TABLE config (collection varchar(255) CHARACTER SET ascii, name varchar(255) CHARACTER SET ascii, data longblob, PRIMARY KEY (collection, name))',
    `INSERT INTO config VALUES ('', 'system.site', ${q(config)}), ('', 'text', ${q(`é ${old}`)}), ('', 'image', CONCAT(0xff00d8, ${q(old)}))`,
    'CREATE TABLE users (uid int AUTO_INCREMENT PRIMARY KEY, name varchar(60), pass varchar(255))',
    `INSERT INTO users VALUES (0, '', ''), (1, '${old}', '${old}')`,
    'CREATE TABLE node__body (entity_id int, revision_id int, langcode varchar(32) CHARACTER SET ascii COLLATE ascii_bin, delta int, body_value longtext, PRIMARY KEY (entity_id, revision_id, delta, langcode))',
    `INSERT INTO node__body SELECT seq, seq, 'en', 0, CONCAT('<a href="${old}/node/', seq, '">') FROM seq_1_to_1200`,
  )
  const done = await replace('drupal', ['config', 'users', 'node__body'], { framework: 'drupal' })
  expect(await rows('drupal', "SELECT HEX(data) FROM config WHERE name='system.site'")).toEqual([
    Buffer.from(`a:2:{${s('url')}${s(`${now}/x`)}${s('o')}O:8:"stdClass":1:{${s('\0*\0v')}${s(now)}}}`)
      .toString('hex')
      .toUpperCase(),
  ])
  expect(await rows('drupal', "SELECT HEX(data) FROM config WHERE name<>'system.site' ORDER BY name")).toEqual([
    `FF00D8${Buffer.from(old).toString('hex').toUpperCase()}`,
    Buffer.from(`é ${now}`).toString('hex').toUpperCase(),
  ])
  expect(await rows('drupal', 'SELECT uid, name, pass FROM users ORDER BY uid')).toEqual(['0\t\t', `1\t${now}\t${old}`])
  expect(
    await rows('drupal', `SELECT COUNT(*) FROM node__body WHERE body_value = CONCAT('<a href="${now}/node/', entity_id, '">')`),
  ).toEqual(['1200'])
  expect(done).toMatchObject({ rowsChanged: 1203, replacements: 1204, cleared: [], network: [] })
  expect(done.tables[0]?.columns).toMatchObject([{ column: 'data', cells: 2, binary: 1 }])
})

test('a table without a key: each row is found by all that stands in it, doubles and MyISAM among them', async () => {
  const table = (engine: string): string =>
    `CREATE TABLE ${engine}_log (n int NULL, f float, d double, x decimal(20,9), b bit(9), at datetime, g point NULL, c char(5), e enum('a','B'), t text, u text NULL) ENGINE=${engine}`
  const values = [
    `(NULL, 0.1, 0.1, 1.000000001, b'100000001', '0000-00-00', NULL, 'a ', 'a', '${old}', NULL)`,
    `(NULL, 0.1, 0.1, 1.000000001, b'100000001', '0000-00-00', NULL, 'a ', 'a', '${old}', NULL)`,
    `(1, 16777216.5, 1e300, -1, b'0', '2024-01-01', POINT(1, 2), 'A', 'B', '${old}', '${old}')`,
    `(1, 1.17549435e-38, 4.9e-324, 0, NULL, NULL, NULL, 'a', NULL, '${old}', '')`,
    `(1, 1, 1, 0, NULL, NULL, NULL, 'a', NULL, '${old.toUpperCase()}', '')`,
    `(1, 1, 1, 0, NULL, NULL, NULL, 'a', NULL, 'nothing', '')`,
  ]
  await schema(
    'plain',
    ...['InnoDB', 'MyISAM', 'Aria'].flatMap((engine) => [table(engine), `INSERT INTO ${engine}_log VALUES ${values.join(',')}`]),
  )
  const untouched = (engine: string): Promise<string[]> =>
    rows('plain', `SELECT n, f+0e0, d, x, HEX(b), at, HEX(g), c, e, u IS NULL FROM ${engine}_log ORDER BY f, d`)
  for (const engine of ['InnoDB', 'MyISAM', 'Aria']) {
    const before = await untouched(engine)
    const done = await replace('plain', [`${engine}_log`])
    expect(done.tables[0]).toMatchObject({
      by: 'whole row',
      rowsChanged: 5,
      columns: [
        { column: 't', cells: 5, failed: [] },
        { column: 'u', cells: 1 },
      ],
    })
    expect(await rows('plain', `SELECT COUNT(*) FROM ${engine}_log WHERE t='${now}'`)).toEqual(['5'])
    expect(await untouched(engine)).toEqual(before)
  }
})

test('keys of every kind find their row, and a key that is an address itself changes', async () => {
  const keys = ['varchar(200) COLLATE utf8mb4_general_ci', 'varbinary(200)', 'varchar(200) CHARACTER SET latin1']
  await schema(
    'keyed',
    ...keys.flatMap((type, k) => [
      `CREATE TABLE k${k} (id ${type} PRIMARY KEY, t text)`,
      `INSERT INTO k${k} VALUES ('${old}/é\\'\\\\', '${old}'), ('x', '${old}')`,
    ]),
    `CREATE TABLE k3 (a datetime, b decimal(10,3), c enum('x','y'), d float, e bit(3), t text, UNIQUE (a, b, c, d, e), u int UNIQUE)`,
    `ALTER TABLE k3 MODIFY a datetime NOT NULL, MODIFY b decimal(10,3) NOT NULL, MODIFY c enum('x','y') NOT NULL, MODIFY d float NOT NULL, MODIFY e bit(3) NOT NULL`,
    `INSERT INTO k3 VALUES ('0000-00-00', 0.001, 'y', 0.1, b'101', '${old}', NULL), ('0000-00-00', 0.001, 'y', 0.1, b'100', '${old}', NULL)`,
    `CREATE TABLE k4 (id uuid PRIMARY KEY, t text)`,
    `INSERT INTO k4 VALUES (UUID(), '${old}')`,
    `CREATE TABLE \`odd \\\`é\` (\`id '\` int PRIMARY KEY, \`t é\` text)`.replace('\\`', '``'),
    `INSERT INTO \`odd \`\`é\` VALUES (1, '${old}')`,
  )
  const done = await replace('keyed', ['k0', 'k1', 'k2', 'k3', 'k4', 'odd `é'])
  expect(done.tables.map(({ by, rowsChanged }) => `${by} ${rowsChanged}`)).toEqual([
    'key 2',
    'key 2',
    'key 2',
    'key 2',
    'key 1',
    'key 1',
  ])
  expect(done.failed).toBe(0)
  for (const table of ['k0', 'k1', 'k2']) {
    expect(await rows('keyed', `SELECT CONVERT(id USING utf8mb4), t FROM ${table} WHERE id <> 'x'`)).toEqual([
      `${now}/é'\\\\\t${now}`,
    ])
  }
})

test('columns that follow updates keep their time, generated ones are left to the server, triggers are named', async () => {
  await schema(
    'live',
    `CREATE TABLE t (id int PRIMARY KEY, body text, changed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      seen datetime(6) NULL ON UPDATE CURRENT_TIMESTAMP(6), link varchar(400) AS (CONCAT(body, '#')) VIRTUAL, kept varchar(400) AS (body) STORED)`,
    `SET time_zone='Europe/Berlin'`.replace('Europe/Berlin', '+02:00'),
    `INSERT INTO t (id, body, changed, seen) VALUES (1, '${old}', '2020-01-01 00:00:01', '2020-01-01 00:00:01.5'), (2, '${old}', '0000-00-00', NULL)`,
    'CREATE TRIGGER follow BEFORE UPDATE ON t FOR EACH ROW SET @x = 1',
  )
  const times = 'SELECT changed, seen FROM t ORDER BY id'
  const before = await rows('live', times)
  const done = await replace('live', ['t'])
  expect(await rows('live', times)).toEqual(before)
  expect(await rows('live', 'SELECT link, kept FROM t WHERE id=2')).toEqual([`${now}#\t${now}`])
  expect(done.tables[0]).toMatchObject({
    triggers: ['follow'],
    skipped: [{ column: 'link', reason: expect.any(String) }, { column: 'kept' }],
  })
})

test('what the server does not take is left as it was and named with its reason, and the rest goes on', async () => {
  await schema(
    'tight',
    `CREATE TABLE t (id int PRIMARY KEY, short varchar(30) UNIQUE, body text)`,
    `INSERT INTO t VALUES (1, '${old}/1234', '${old}'), (2, '//old.example.com', '${old}'), (3, '//dev-site.localhost:8080/sub', 'x')`,
  )
  const done = await replace('tight', ['t'])
  expect(await rows('tight', 'SELECT * FROM t ORDER BY id')).toEqual([
    `1\t${old}/1234\t${now}`,
    `2\t//old.example.com\t${now}`,
    `3\t//dev-site.localhost:8080/sub\tx`,
  ])
  expect(done).toMatchObject({ failed: 2, cells: 2, rowsChanged: 2 })
  expect(done.tables[0]?.columns[0]?.failed.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('too long'),
    expect.stringContaining('Duplicate'),
  ])
  expect(done.tables[0]?.columns[0]?.look).toEqual(['id=1', 'id=2'])
})

test('lengths are right in the bytes that PHP sees: UTF-8 stored in latin1, latin1 read as UTF-8, UTF-16', async () => {
  const value = (url: string): string => s(`é ${url}`)
  await schema(
    'sets',
    'CREATE TABLE t (id int PRIMARY KEY, raw text CHARACTER SET latin1, wide text CHARACTER SET latin1, big text CHARACTER SET utf16, sj text CHARACTER SET sjis)',
    `INSERT INTO t VALUES (1, CONVERT(_binary${q(value(old))} USING latin1), ${q(value(old))}, ${q(value(old))}, ${q(`日本 表 ${old}`)})`,
  )
  const done = await replace('sets', ['t'])
  expect(done).toMatchObject({ cells: 4, needsLook: 0, failed: 0 })
  expect(await rows('sets', 'SELECT HEX(raw), wide, big, sj FROM t')).toEqual([
    [Buffer.from(value(now)).toString('hex').toUpperCase(), value(now), value(now), `日本 表 ${now}`].join('\t'),
  ])
})

test('a network: hosts and paths of its sites move with it, and its main tables follow the map', async () => {
  await schema(
    'net',
    ...wordpress('wp_'),
    ...wordpress('wp_2_').map((sql) => sql.replaceAll(old, 'https://two.old.example.com')),
    'CREATE TABLE wp_site (id bigint PRIMARY KEY, domain varchar(200), path varchar(100))',
    'CREATE TABLE wp_blogs (blog_id bigint PRIMARY KEY, site_id bigint, domain varchar(200), path varchar(100), last_updated datetime)',
    'CREATE TABLE wp_sitemeta (meta_id bigint PRIMARY KEY, site_id bigint, meta_key varchar(255), meta_value longtext)',
    "INSERT INTO wp_site VALUES (1, 'old.example.com', '/')",
    "INSERT INTO wp_blogs VALUES (1, 1, 'old.example.com', '/', '0000-00-00'), (2, 1, 'two.old.example.com', '/', NULL), (3, 1, 'own.example.org', '/', NULL)",
    `INSERT INTO wp_sitemeta VALUES (1, 1, 'siteurl', '${old}/'), (2, 1, '_site_transient_a', 'x')`,
  )
  const tables = [
    'wp_options',
    'wp_posts',
    'wp_postmeta',
    'wp_2_options',
    'wp_2_posts',
    'wp_2_postmeta',
    'wp_site',
    'wp_blogs',
    'wp_sitemeta',
  ]
  const meta = await connectDatabase(account('net'))
  const names = tables.map((name) => ({ name, physicalName: name }))
  const blogs = moveNetwork((await readNetwork(meta, names, 'wp_')) ?? [], { from: old, to: 'http://dev-net.localhost:8080' })
  expect(blogs.map(({ blogId, to }) => `${blogId} ${to.domain}${to.path}`)).toEqual([
    '1 dev-net.localhost:8080/',
    '2 two.dev-net.localhost:8080/',
  ])
  expect(await readNetwork(meta, names.slice(0, 3), 'wp_')).toBeNull()
  await meta.close()
  const done = await replace('net', tables, {
    framework: 'wordpress',
    tablePrefix: 'wp_',
    blogs,
    pairs: [{ from: old, to: 'http://dev-net.localhost:8080' }],
  })
  expect(await rows('net', 'SELECT domain, path, last_updated FROM wp_blogs ORDER BY blog_id')).toEqual([
    'dev-net.localhost:8080\t/\t0000-00-00 00:00:00',
    'two.dev-net.localhost:8080\t/\tNULL',
    'own.example.org\t/\tNULL',
  ])
  expect(await rows('net', 'SELECT domain FROM wp_site')).toEqual(['dev-net.localhost:8080'])
  expect(await rows('net', 'SELECT meta_value FROM wp_sitemeta')).toEqual(['http://dev-net.localhost:8080/'])
  expect(await rows('net', "SELECT option_value FROM wp_2_options WHERE option_name IN ('siteurl', 'home')")).toEqual(
    Array(2).fill('http://two.dev-net.localhost:8080'),
  )
  expect(await rows('net', 'SELECT guid FROM wp_2_posts WHERE ID=1')).toEqual(['https://two.old.example.com/?p=1'])
  expect(done.network.map(({ table, after }) => `${table} ${after}`)).toEqual([
    'wp_blogs dev-net.localhost:8080/',
    'wp_blogs two.dev-net.localhost:8080/',
    'wp_site dev-net.localhost:8080/',
  ])
})

test('a cancelled run stops between groups, and running again does the rest', async () => {
  await schema('many', 'CREATE TABLE t (id int PRIMARY KEY, body text)', `INSERT INTO t SELECT seq, '${old}' FROM seq_1_to_3000`)
  const abort = new AbortController()
  const run = { ...quietRun(abort.signal), progress: () => abort.abort() }
  await expect(replace('many', ['t'], { run })).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
  const done = await replace('many', ['t'])
  expect(done.rowsChanged).toBe(3000)
  await expect(replace('many', ['t'], { credentials: { ...account('many'), password: 'wrong' } })).rejects.toMatchObject({
    code: 'DATABASE_REFUSED',
  })
})

test('rows of some megabytes go through, and memory holds a few of them', async () => {
  const count = process.env['CAIRN_SOAK'] === undefined ? 6 : 120
  await schema(
    'big',
    'CREATE TABLE t (id int PRIMARY KEY, body longtext)',
    'CREATE TABLE u (body longtext)',
    `INSERT INTO t SELECT seq, CONCAT('${old} ', REPEAT('lorem ipsum ', 350000), '${old}') FROM seq_1_to_${count}`,
    'INSERT INTO u SELECT body FROM t LIMIT 3',
  )
  let peak = 0
  const start = process.memoryUsage().rss
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - start)), 20)
  const done = await replace('big', ['t', 'u'])
  clearInterval(watch)
  expect(done).toMatchObject({ rowsChanged: count + 3, replacements: 2 * (count + 3) })
  const length = 350_000 * 12 + 1 + 2 * now.length
  expect(
    await rows(
      'big',
      `SELECT COUNT(*) FROM t WHERE LENGTH(body)=${length} AND RIGHT(body, ${now.length})='${now}' AND LEFT(body, ${now.length})='${now}'`,
    ),
  ).toEqual([String(count)])
  expect(peak).toBeLessThan(300e6) // 504 MB of rows in a soak
})
