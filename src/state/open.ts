import { Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { type ClientConfig, type CustomTypesConfig, Pool, types as parsers } from 'pg'
import { Failure } from '../base/failure.ts'
import * as start from './migrations/0001_start.ts'
import * as managed from './migrations/0003_managed.ts'
import * as upload from './migrations/0004_upload.ts'
import * as host from './migrations/0005_host.ts'
import * as people from './migrations/0006_people.ts'
import * as backupPlace from './migrations/0007_backup_place.ts'
import * as tokensAndLists from './migrations/0008_tokens_and_lists.ts'
import * as backupTotal from './migrations/0009_backup_total.ts'
import type { StateTables } from './tables.ts'

/** Where the state database is: any PostgreSQL by its URL, or the embedded one by its private socket. */
export type StateConnection =
  | { connectionString: string }
  | { socketDirectory: string; port: number; user?: string; database?: string }

export interface State {
  db: Kysely<StateTables>
  pool: Pool
  connection: StateConnection
  close(): Promise<void>
}

/** In the order of their names; a migration that was released never changes. */
const migrations = {
  '0001_start': start,
  '0003_managed': managed,
  '0004_upload': upload,
  '0005_host': host,
  '0006_people': people,
  '0007_backup_place': backupPlace,
  '0008_tokens_and_lists': tokensAndLists,
  '0009_backup_total': backupTotal,
}

/**
 * Opens the state database and brings its tables up to date; several processes may do so at once.
 *
 * @throws {Failure} STATE_DATABASE when it cannot be reached or a migration fails
 */
export async function openState(connection: StateConnection): Promise<State> {
  const pool = new Pool({ ...clientConfig(connection), max: 12, types, connectionTimeoutMillis: 10_000 })
  pool.on('error', () => {}) // an idle connection that broke: the pool replaces it, the next query tells
  const db = new Kysely<StateTables>({ dialect: new PostgresDialect({ pool }) })
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return { db, pool, connection, close: () => db.destroy() }
}

/** The same connection in the form that the driver and pg-boss take. */
export function clientConfig(connection: StateConnection): ClientConfig {
  if ('connectionString' in connection) return { connectionString: connection.connectionString, application_name: 'cairn' }
  const { socketDirectory, port, user = 'cairn', database = 'cairn' } = connection
  return { host: socketDirectory, port, user, database, application_name: 'cairn' }
}

async function migrate(db: Kysely<StateTables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error === undefined) return
  const failed = results?.find((result) => result.status === 'Error')?.migrationName
  const what = failed === undefined ? 'Cannot open the state database' : `Cannot bring the state database to "${failed}"`
  throw new Failure('STATE_DATABASE', `${what}: ${reason(error)}`, { cause: error, retry: 'after-repair' })
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ')
  return error instanceof Error ? error.message : String(error)
}

const int8 = 20

/** The driver's own parsers but for bigint, which it would give as text. */
const types: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 && format !== 'binary' ? parseBigint : parsers.getTypeParser(oid, format)) as typeof parsers.getTypeParser,
}

function parseBigint(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`bigint ${text} is too large for a number`)
  return value
}
