import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprint, makeHardDatabase } from '../../../test/database/hardDatabase.ts'
import { startMariadb, type TestMariadb } from '../../../test/servers/mariadb.ts'
import { quietRun } from '../../base/run.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { dumpDatabase, type DumpFacts } from './dumpDatabase.ts'
import { loadDump } from './loadDump.ts'

const root = mkdtempSync(join(tmpdir(), 'cairn-dump-'))
let server: TestMariadb

const account = (database: string): DatabaseCredentials => ({
  host: null,
  port: null,
  socket: server.socket,
  user: 'site',
  password: `p'a"s\\s #;`,
  database,
})

async function dumpWhole(
  database: string,
  run = quietRun(),
): Promise<{ sections: Map<string, Buffer>; whole: Buffer; facts: DumpFacts }> {
  const dump = dumpDatabase({ credentials: account(database), run })
  const sections = new Map<string, Buffer>()
  for await (const section of dump) {
    const parts: Buffer[] = []
    for await (const data of section.data) parts.push(data)
    sections.set(section.name, Buffer.concat(parts))
  }
  return { sections, whole: Buffer.concat([...sections.values()]), facts: dump.facts() }
}

async function* pieces(whole: Buffer, size = 4096): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

beforeAll(async () => {
  server = await startMariadb(join(root, 'db'))
  await server.admin(
    `CREATE USER site@localhost IDENTIFIED BY 'p\\'a"s\\\\s #;'; SET GLOBAL log_bin_trust_function_creators=1;
     ${['hard', 'copy', 'peer', 'small', 'views'].map((name) => `CREATE DATABASE ${name}; GRANT ALL ON ${name}.* TO site@localhost;`).join('\n')}`,
  )
  await makeHardDatabase(server, 'hard', 1, 'site@localhost')
})

afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})

test('a dump loaded elsewhere is the same database, by our loader and by the client', async () => {
  const original = await fingerprint(account('hard'))
  const { whole, facts } = await dumpWhole('hard')
  await server.admin('DROP DATABASE copy; CREATE DATABASE copy')
  const loaded = await loadDump(account('copy'), pieces(whole), { run: quietRun() })
  expect(await fingerprint(account('copy'))).toEqual(original)
  expect(new Map(loaded.tables.filter(({ kind }) => kind === 'table').map(({ name, rows }) => [name, rows]))).toEqual(
    new Map(facts.tables.map(({ name, rows }) => [name, rows])),
  )
  await server.admin(
    whole.toString('latin1').replaceAll(/[\x80-\xff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8')),
    'peer',
  )
  expect((await fingerprint(account('peer')))['rows users']).toBe(original['rows users'])
})

test('its sections are named, and their concatenation is what the client prints', async () => {
  const { sections, whole, facts } = await dumpWhole('hard')
  const names = [...sections.keys()]
  expect(names[0]).toBe('header')
  expect(names.at(-1)).toBe('trailer')
  expect(names).toEqual(
    expect.arrayContaining([
      'table/users/ddl',
      'table/users/data',
      'table/wp_posts/triggers',
      'table/odd `name %2F %25/data',
      'view/v_posts/ddl',
      'routines',
      'events',
      'sequence/seq1',
    ]),
  )
  expect(names.filter((name) => name.includes('fake'))).toEqual([])
  expect(sections.get('table/users/data')?.toString()).toContain("(0,'')")
  const again = await dumpWhole('hard')
  expect(again.whole.equals(whole)).toBe(true)
  expect(facts.tables.find(({ name }) => name === 'wp_posts')?.rows).toBe(3000)
  expect(facts.tables.find(({ name }) => name === 'odd `name / %')?.rows).toBe(1)
  expect(facts.tables.find(({ name }) => name === 'wp_options')?.rows).toBe(4)
})

test('tables that a snapshot does not cover, and views that cannot be read, are warnings', async () => {
  await server.admin(
    'CREATE TABLE t(id int); CREATE TABLE gone(id int); CREATE VIEW good AS SELECT * FROM t; CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone',
    'views',
  )
  const run = quietRun()
  const { sections, facts } = await dumpWhole('views', run)
  expect(run.warnings).toEqual([expect.objectContaining({ code: 'VIEW_BROKEN', path: 'broken' })])
  expect(facts.leftOut.map(({ name }) => name)).toEqual(['broken'])
  expect([...sections.keys()].filter((name) => name.startsWith('view/'))).toEqual(['view/good/placeholder', 'view/good/ddl'])
  const hard = quietRun()
  await dumpWhole('hard', hard)
  expect(hard.warnings.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
    'TABLE_NOT_TRANSACTIONAL wp_aria',
    'TABLE_NOT_TRANSACTIONAL wp_myisam',
  ])
})

test('a client that dies half way, or prints half and claims success, is a failed dump', async () => {
  await server.admin(
    "CREATE OR REPLACE TABLE t(id int PRIMARY KEY, b longtext); INSERT INTO t SELECT seq, REPEAT('x', 2000) FROM seq_1_to_5000",
    'small',
  )
  const bin = join(root, 'bin')
  spawnSync('mkdir', ['-p', bin])
  const path = process.env['PATH'] ?? ''
  try {
    process.env['PATH'] = `${bin}:${path}`
    const fake = (end: string): void => {
      const script = `#!/bin/sh\ncase "$*" in *--help*|*--version*) exec /usr/bin/mariadb-dump "$@";; esac\n/usr/bin/mariadb-dump "$@" | head -c 3000000\n${end}\n`
      writeFileSync(join(bin, 'mariadb-dump'), script)
      chmodSync(join(bin, 'mariadb-dump'), 0o755)
    }
    fake('kill -9 $$')
    await expect(dumpWhole('small')).rejects.toMatchObject({ code: 'DUMP_FAILED', message: expect.stringContaining('SIGKILL') })
    fake('exit 3')
    await expect(dumpWhole('small')).rejects.toMatchObject({
      code: 'DUMP_FAILED',
      message: expect.stringContaining('exit code 3'),
    })
    fake('exit 0')
    await expect(dumpWhole('small')).rejects.toMatchObject({
      code: 'DUMP_FAILED',
      message: expect.stringContaining('Dump completed'),
    })
  } finally {
    process.env['PATH'] = path
  }
})

test('a wrong password is refused with the reason, and the password is nowhere in it', async () => {
  const failure = await (async () => {
    for await (const _ of dumpDatabase({ credentials: { ...account('hard'), password: 'secret-word' }, run: quietRun() }));
  })().catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'DATABASE_REFUSED' })
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret-word')
})

test('a cancelled dump ends its client', async () => {
  const abort = new AbortController()
  const run = quietRun(abort.signal)
  const reading = (async () => {
    for await (const section of dumpDatabase({ credentials: account('small'), run })) {
      abort.abort()
      for await (const _ of section.data);
    }
  })()
  await expect(reading).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
})

test('a dump that was cut off is not loaded to its end', async () => {
  const { whole } = await dumpWhole('hard')
  await server.admin('DROP DATABASE copy; CREATE DATABASE copy')
  const cut = whole.subarray(0, whole.indexOf('-- Dump completed'))
  await expect(loadDump(account('copy'), pieces(cut), { run: quietRun() })).rejects.toMatchObject({ code: 'LOAD_FAILED' })
  const inside = whole.subarray(0, whole.indexOf('INSERT INTO `users`') + 30)
  await expect(loadDump(account('copy'), pieces(inside), { run: quietRun() })).rejects.toMatchObject({ code: 'LOAD_FAILED' })
  const foreign = loadDump(account('copy'), pieces(inside), { requireTrailer: false, run: quietRun() })
  await expect(foreign).rejects.toThrow('its last statement has no end')
})

test('a statement that the server refuses names its table', async () => {
  const dump = Buffer.from('CREATE TABLE `a` (id int PRIMARY KEY);\nINSERT INTO `a` VALUES (1),(1);\n-- Dump completed\n')
  await expect(loadDump(account('copy'), pieces(dump), { run: quietRun() })).rejects.toMatchObject({
    code: 'LOAD_FAILED',
    message: expect.stringContaining('table "a"'),
  })
})

test('a row larger than a network packet goes through', async () => {
  await server.admin(
    'CREATE OR REPLACE TABLE t(id int PRIMARY KEY, b longblob) ENGINE=InnoDB; INSERT INTO t VALUES(1, REPEAT(0x00ff27, 6000000))',
    'small',
  )
  const before = await fingerprint(account('small'))
  const { whole, facts } = await dumpWhole('small')
  expect(facts.largestStatementBytes).toBeGreaterThan(36_000_000)
  await server.admin('DROP DATABASE copy; CREATE DATABASE copy')
  await loadDump(account('copy'), pieces(whole, 65_536), { run: quietRun() })
  expect(await fingerprint(account('copy'))).toEqual(before)
})
