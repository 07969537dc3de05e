import { expect, test } from 'vitest'
import { quietRun } from '../../../base/run.ts'
import { account, now, old, q, replace, rows, s, schema } from './testing.suite.ts'

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
