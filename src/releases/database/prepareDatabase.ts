import { mkdirSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { facts } from '../../elements/database/catalogue.ts'
import { connectDatabase, type Database, refusal, sqlErrno } from '../../elements/database/connect.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { loadDump, type LoadResult } from '../../elements/database/loadDump.ts'
import { quoteName } from '../../elements/database/sqlText.ts'
import type { AdminCredentials, DatabaseCredentials } from '../../sites/credentials.ts'
import { accountText, asAdmin, lockableAccounts } from './accounts.ts'
import { captureLive, foreignKey, indexNames } from './capture.ts'
import { dropAside } from './dropAside.ts'
import { asideSchema, type DatabasePlan, planId, readPlan, stagedPrefix, writePlan, writeState } from './plan.ts'
import { verifyStaged } from './verifyStaged.ts'

export interface PrepareOptions {
  /** Letters and digits, at most 26; one apply, one id */
  id: string
  /** Where the plan is kept, mode 0700; made when missing */
  directory: string
  credentials: DatabaseCredentials
  /** With one, a second schema is used and the site's accounts are locked for the flip */
  admin: AdminCredentials | null
  dump: AsyncIterable<Buffer>
  /** What the manifest says of the dump */
  wanted: DumpFacts
  run: Run
}

/**
 * Stages a dump beside the live tables and verifies it. The site notices nothing. Run again after a crash it begins anew; once
 * it has returned, a second call gives the same plan back.
 *
 * @throws {Failure} DATABASE_GRANTS before anything is loaded; LOAD_FAILED, VERIFY_FAILED: what was staged is dropped again
 */
export async function prepareDatabase(options: PrepareOptions): Promise<DatabasePlan> {
  const ready = readPlan(options.directory)
  if (ready !== null) return ready.plan
  const { credentials, admin, run } = options
  if (admin?.user === credentials.user) {
    throw new Failure('INPUT_INVALID', "Cannot use the administrator's account: it is the site's own, which is locked meanwhile")
  }
  const plan: DatabasePlan = {
    version: 1,
    id: planId(options.id),
    mode: admin === null ? 'own' : 'admin',
    schema: credentials.database,
    tables: [],
    old: { foreignKeys: [], indexes: {}, objects: [] },
    new: { foreignKeys: [], indexes: {}, objects: [] },
    accounts: [],
  }
  mkdirSync(options.directory, { recursive: true, mode: 0o700 })
  const database = await connectDatabase(admin === null ? credentials : asAdmin(credentials, admin))
  try {
    await dropAside(database, plan)
    await (admin === null ? probeRights(database, plan, options.wanted, run) : makeSchemas(database, plan, credentials))
    await stage(plan, database, options)
    await verifyStaged(plan, database, options.wanted)
    writePlan(options.directory, plan)
    writeState(options.directory, { phase: 'prepared', fenced: false })
    return plan
  } catch (error) {
    await dropAside(database, plan).catch(() => {}) // the next attempt drops it first
    throw refusal(error, 'Cannot stage the database')
  } finally {
    await database.close()
  }
}

async function stage(plan: DatabasePlan, database: Database, options: PrepareOptions): Promise<void> {
  const { credentials, admin, dump, run } = options
  const site = admin === null ? null : accountText(await siteAccount(credentials))
  const numbers = new Map<string, number>()
  const number = (table: string): number => {
    const known = numbers.get(table)
    if (known !== undefined) return known
    numbers.set(table, numbers.size)
    return numbers.size - 1
  }
  const loaded = await loadDump(admin === null ? credentials : asAdmin(credentials, admin, asideSchema(plan, 'new')), dump, {
    ...(admin === null ? { rename: (table) => `${stagedPrefix(plan)}i${number(table)}` } : {}),
    withoutForeignKeys: admin === null,
    keepObjects: true,
    definer: site, // whoever wrote the dump: its code runs with the site's rights and no others
    run,
  })
  plan.tables = loaded.tables.map(({ name }) => ({ name, index: number(name), old: false, new: true }))
  plan.new.objects = loaded.objects
  compareCounts(loaded, options.wanted)
  for (const table of loaded.tables) {
    if (table.foreignKeys.length === 0) continue
    plan.new.foreignKeys.push(...table.foreignKeys.map((definition) => foreignKey(table.name, definition)))
    plan.new.indexes[table.name] = await indexNames(database, table.as)
  }
}

/** The rows that the server took, against those that the dump had when it was made. */
function compareCounts(loaded: LoadResult, wanted: DumpFacts): void {
  const rows = new Map(loaded.tables.map((table) => [table.name, table.rows]))
  for (const table of wanted.tables) {
    if (rows.get(table.name) === table.rows) continue
    throw new Failure(
      'VERIFY_FAILED',
      `Cannot use the staged database: table "${table.name}" got ${rows.get(table.name) ?? 'no'} rows, the backup has ${table.rows}`,
    )
  }
}

async function siteAccount(credentials: DatabaseCredentials): Promise<string> {
  const site = await connectDatabase(credentials)
  try {
    const [row] = await site.query('SELECT CURRENT_USER() AS account')
    return String(row?.['account'])
  } finally {
    await site.close()
  }
}

async function makeSchemas(admin: Database, plan: DatabasePlan, credentials: DatabaseCredentials): Promise<void> {
  const { characterSet, collation } = await facts(admin)
  for (const side of ['old', 'new'] as const) {
    await admin.run(`CREATE DATABASE ${quoteName(asideSchema(plan, side))} CHARACTER SET ${characterSet} COLLATE ${collation}`)
  }
  plan.accounts = await lockableAccounts(admin, credentials.user)
}

/**
 * The site's own account: triggers and routines that exist on either side must be ones that it can make. With the binary log
 * on and no SUPER even dropping a trigger is refused (1419), and that is too late in the middle of a flip.
 */
async function probeRights(database: Database, plan: DatabasePlan, wanted: DumpFacts, run: Run): Promise<void> {
  const live = await captureLive(database, false)
  for (const name of live.foreignDefiners) {
    run.warn({
      code: 'DEFINER_CHANGES',
      element: 'database',
      message: `The ${name} belongs to another account; an undo gives it to the site's own`,
      path: null,
    })
  }
  const hidden = live.unreadable.find((name) => wanted.routines.includes(name))
  if (hidden !== undefined) {
    throw new Failure(
      'DATABASE_GRANTS',
      `Cannot restore the database with the site's own account: it may not read routine "${hidden}", so no undo could bring it back`,
      {
        hint: "Attach the site with an administrator's account of the database",
        retry: 'after-repair',
      },
    )
  }
  const probe = quoteName(`${stagedPrefix(plan)}i99999`)
  const routine = quoteName(`${stagedPrefix(plan)}probe`)
  const has = (kinds: string[], names: readonly string[]): boolean =>
    names.length > 0 || live.objects.some(({ object }) => kinds.includes(object))
  const attempts: { what: string; statements: string[]; after: string[] }[] = [
    { what: 'CREATE and DROP', statements: [`CREATE TABLE ${probe} (n int)`], after: [] },
  ]
  if (has(['trigger'], wanted.triggers)) {
    attempts.push({
      what: 'TRIGGER',
      statements: [`CREATE TRIGGER ${routine} BEFORE INSERT ON ${probe} FOR EACH ROW SET NEW.n=1`, `DROP TRIGGER ${routine}`],
      after: [],
    })
  }
  if (has(['procedure', 'function'], wanted.routines)) {
    attempts.push({
      what: 'CREATE ROUTINE and ALTER ROUTINE',
      statements: [`CREATE FUNCTION ${routine}() RETURNS int DETERMINISTIC NO SQL RETURN 1`],
      after: [`DROP FUNCTION IF EXISTS ${routine}`],
    })
  }
  if (has(['view'], wanted.views)) {
    attempts.push({
      what: 'CREATE VIEW',
      statements: [`CREATE VIEW ${routine} AS SELECT 1 AS n`],
      after: [`DROP VIEW IF EXISTS ${routine}`],
    })
  }
  if (has(['event'], wanted.events)) {
    attempts.push({
      what: 'EVENT',
      statements: [`CREATE EVENT ${routine} ON SCHEDULE EVERY 1 YEAR STARTS '2038-01-01' DISABLE DO SET @n=1`],
      after: [`DROP EVENT IF EXISTS ${routine}`],
    })
  }
  try {
    for (const { what, statements, after } of attempts) {
      try {
        for (const sql of [...after, ...statements, ...after]) await database.run(sql)
      } catch (error) {
        const errno = sqlErrno(error)
        if (errno === null) throw error
        throw new Failure(
          'DATABASE_GRANTS',
          `Cannot restore the database with the site's own account: it lacks ${what}: ${(error as Error).message}`,
          {
            hint:
              errno === 1419
                ? "Set log_bin_trust_function_creators=1 on the server, or attach the site with an administrator's account of the database"
                : `Grant ${what} on ${quoteName(plan.schema)}.* to the account, or attach the site with an administrator's account`,
            retry: 'after-repair',
          },
        )
      }
    }
  } finally {
    await database.run(`DROP TABLE IF EXISTS ${probe}`)
  }
}
