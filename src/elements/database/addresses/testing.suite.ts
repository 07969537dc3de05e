import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type TestMariadb, startMariadb } from '../../../../test/servers/mariadb.ts'
import { quietRun } from '../../../base/run.ts'
import type { DatabaseCredentials } from '../../../sites/credentials.ts'
import { type ReplaceOptions, replaceInDatabase } from './replaceInDatabase.ts'
import type { ReplaceReport } from './report.ts'

// A MariaDB for the tests of one file, and what they all say to it.

const root = mkdtempSync(join(tmpdir(), 'cairn-addresses-'))
let server: TestMariadb

export const old = 'https://old.example.com'
export const now = 'http://dev-site.localhost:8080/sub'
export const s = (text: string): string => `s:${Buffer.byteLength(text)}:"${text}";`
/** A text literal */
export const q = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`

export const account = (database: string): DatabaseCredentials => ({
  host: null,
  port: null,
  socket: server.socket,
  user: 'site',
  password: 'x',
  database,
})

/** A fresh schema with these statements in it. */
export async function schema(name: string, ...statements: string[]): Promise<void> {
  await server.admin(`DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await server.admin(`SET sql_mode='NO_AUTO_VALUE_ON_ZERO'; ${statements.join(';\n')}`, name)
}

export async function replace(
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

export const rows = async (database: string, sql: string): Promise<string[]> =>
  (await server.admin(sql, database)).trimEnd().split('\n')

beforeAll(async () => {
  server = await startMariadb(join(root, 'db'))
  await server.admin("CREATE USER site@localhost IDENTIFIED BY 'x'; GRANT ALL ON *.* TO site@localhost")
})

afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})
