import { closeSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { stopIfCancelled } from '../../base/run.ts'
import { childEnd, startChild } from '../../base/spawn.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { brokenViews, type DatabaseFacts, facts, mayDo, unreadableRoutines } from './catalogue.ts'
import { type DumpClient, findDumpClient, inLargePieces, openOptionFile, optionFilePath } from './client.ts'
import { connectDatabase, refusal } from './connect.ts'
import { cutSections, type DumpTally, escapeName, newTally, type Section } from './sections.ts'
import { isStagedName, quoteName, quoteText } from './sqlText.ts'
import { type StructureOnlyTable, structureOnlyTables, type StructureRules } from './structureOnly.ts'

/** What a manifest keeps about its database: enough to verify a load and to tell what a restore would change. */
export interface DumpFacts {
  server: string
  family: 'mariadb' | 'mysql'
  client: string
  schema: string
  characterSet: string
  collation: string
  /** Earliest moment of the snapshot (ISO): everything committed before is in the dump */
  momentAt: string
  tables: { name: string; rows: number; sizeBytes: number; engine: string; collation: string; systemVersioned: boolean }[]
  sequences: string[]
  views: string[]
  triggers: string[]
  routines: string[]
  events: string[]
  leftOut: { name: string; reason: string }[]
  /** Tables that are there without their rows: the site fills them again by itself */
  structureOnly: { name: string; reason: string }[]
  sizeBytes: number
  largestStatementBytes: number
}

/** A dump on its way: iterate once to the end, then ask for the facts. */
export interface Dump extends AsyncIterable<Section> {
  /** Known once the first section was given */
  readonly momentAt: Date
  /** Throws before the last section was read to its end */
  facts(): DumpFacts
}

/**
 * Dumps one schema with the server family's own client, in one process and one snapshot, as named sections whose
 * concatenation is the dump. What the snapshot does not cover or the account cannot see is a warning. The child is gone and the
 * option file removed when the iteration ends in any way.
 *
 * @throws {Failure} DATABASE_REFUSED before the first section; DUMP_FAILED while reading, before the last section ends; retry
 * `later` when a table was altered meanwhile
 */
export function dumpDatabase(options: { credentials: DatabaseCredentials; structure?: StructureRules; run: Run }): Dump {
  const tally = newTally()
  let momentAt: Date | null = null
  let before: Preparation | null = null
  let whole = false
  const iterate = async function* (): AsyncGenerator<Section> {
    before = await prepare(options.credentials, options.structure ?? { rules: [], prefix: '' }, options.run)
    const rowless = new Set(before.structureOnly.map(({ name }) => `table/${escapeName(name)}/data`))
    momentAt = options.run.now()
    const output = clientOutput(options.credentials, before, options.run)
    for await (const section of cutSections(output, tally)) {
      options.run.progress({ doneItems: tally.tables.size, totalItems: before.facts.tables.length, note: section.name })
      if (!rowless.has(section.name)) yield section
    }
    whole = true
  }
  return {
    [Symbol.asyncIterator]: iterate,
    get momentAt() {
      if (momentAt === null) throw new Error('dump.momentAt: the dump has not begun')
      return momentAt
    },
    facts() {
      if (!whole || before === null || momentAt === null) throw new Error('dump.facts: the dump was not read to its end')
      return dumpFacts(before, tally, momentAt)
    },
  }
}

interface Preparation {
  facts: DatabaseFacts
  client: DumpClient
  args: string[]
  leftOut: { name: string; reason: string }[]
  structureOnly: StructureOnlyTable[]
}

async function prepare(credentials: DatabaseCredentials, structure: StructureRules, run: Run): Promise<Preparation> {
  const database = await connectDatabase(credentials)
  try {
    const found = await facts(database)
    const broken = await brokenViews(database, found.views)
    const staged = await database.query(
      `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA=${quoteText(found.schema)} AND TABLE_NAME LIKE '\\\\_cairn%'`,
    )
    const hidden = staged.map((row) => String(row['name'])).filter(isStagedName)
    const withEvents = await mayRun(database, `SHOW EVENTS FROM ${quoteName(found.schema)}`)
    const client = await findDumpClient(found.server.family)
    const unreadable = await unreadableRoutines(database, found.routines)
    warnAbout(found, broken, unreadable, withEvents, run)
    const withRoutines = unreadable.length === 0
    if (!withRoutines) found.routines = []
    const structureOnly = await structureOnlyTables(database, structure)
    const ignored = [...broken.map(({ name }) => name), ...hidden]
    const args = [
      ...flags(client, withEvents, withRoutines),
      ...ignored.map((name) => `--ignore-table=${found.schema}.${name}`),
      // saves reading the rows; a client without this option dumps them, and they are dropped on the way
      ...(client.options.has('ignore-table-data')
        ? structureOnly.map(({ name }) => `--ignore-table-data=${found.schema}.${name}`)
        : []),
      found.schema,
    ]
    return { facts: found, client, args, leftOut: broken, structureOnly }
  } catch (error) {
    throw refusal(error, `Cannot read the catalogue of "${credentials.database}"`)
  } finally {
    await database.close()
  }
}

async function mayRun(database: { query(sql: string): Promise<unknown> }, sql: string): Promise<boolean> {
  return database.query(sql).then(
    () => true,
    () => false,
  )
}

/** No --databases (it writes USE), no --no-autocommit (one giant transaction a table), no --compact (it drops the trailer). */
function flags(client: DumpClient, withEvents: boolean, withRoutines: boolean): string[] {
  const has = (option: string): boolean => client.options.has(option)
  return [
    '--single-transaction',
    '--skip-lock-tables',
    '--quick',
    withRoutines ? '--routines' : '--skip-routines',
    '--triggers',
    withEvents ? '--events' : '--skip-events',
    '--hex-blob',
    '--default-character-set=utf8mb4',
    '--no-tablespaces',
    '--skip-dump-date',
    '--skip-add-locks', // a reader may lack LOCK TABLES, and ours needs no locks
    '--max-allowed-packet=1G',
    '--net-buffer-length=1M',
    ...(has('set-gtid-purged') ? ['--set-gtid-purged=OFF'] : []),
    ...(has('column-statistics') ? ['--column-statistics=0'] : []),
    ...(has('skip-generated-invisible-primary-key') ? ['--skip-generated-invisible-primary-key'] : []),
  ]
}

function warnAbout(
  found: DatabaseFacts,
  broken: readonly { name: string; reason: string }[],
  unreadable: readonly string[],
  withEvents: boolean,
  run: Run,
): void {
  const warn = (code: string, message: string, path: string | null = null): void =>
    run.warn({ code, element: 'database', message, path })
  for (const { name, reason } of broken)
    warn('VIEW_BROKEN', `View "${name}" was left out, since the server cannot read it: ${reason}`, name)
  for (const { name, kind, engine } of found.tables) {
    if (kind === 'table' && engine !== 'InnoDB') {
      warn(
        'TABLE_NOT_TRANSACTIONAL',
        `Table "${name}" uses ${engine}: what was written to it during the dump may be half in it`,
        name,
      )
    }
    if (name.includes('\n')) warn('TABLE_NAME_ODD', 'A table has a line break in its name', name)
  }
  if (unreadable.length > 0) {
    // the client knows only all or none
    warn(
      'ROUTINES_UNSEEN',
      `The account "${found.account}" may not read "${unreadable.join('", "')}": no procedure or function is in the backup`,
    )
  }
  if (!withEvents) warn('EVENTS_UNSEEN', `The account "${found.account}" may not see events: none are in the backup`)
  if (!mayDo(found.privileges, 'TRIGGER')) {
    warn('TRIGGERS_UNSEEN', `The account "${found.account}" may not see triggers: if there are any, they are not in the backup`)
  }
}

async function* clientOutput(credentials: DatabaseCredentials, before: Preparation, run: Run): AsyncGenerator<Buffer> {
  const options = openOptionFile(credentials, before.client.family)
  const child = startChild(...inLargePieces(before.client.program, [`--defaults-file=${optionFilePath}`, ...before.args]), {
    stdio: ['ignore', 'pipe', 'pipe', options],
  })
  const end = childEnd(child)
  end.catch(() => {}) // told below, or already left
  const abort = (): void => void child.kill('SIGKILL')
  run.signal.addEventListener('abort', abort, { once: true })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (said = (said + text).slice(-4096)))
  let doneBytes = 0
  try {
    if (child.stdout !== null) {
      for await (const data of child.stdout as AsyncIterable<Buffer>) {
        doneBytes += data.length
        run.progress({ doneBytes })
        yield data
      }
    }
    const { code, signal } = await end
    stopIfCancelled(run)
    if (code !== 0) throw dumpFailure(code, signal, said)
    for (const line of said.split('\n')) if (line.trim() !== '') run.log('warn', line.trim())
  } finally {
    run.signal.removeEventListener('abort', abort)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await end.catch(() => {})
    closeSync(options)
  }
}

function dumpFailure(code: number | null, signal: NodeJS.Signals | null, said: string): Failure {
  const last = said.trim().split('\n').at(-1) ?? ''
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  const altered = /\b1412\b/.test(last)
  return new Failure(
    'DUMP_FAILED',
    `Cannot dump the database: the client ended with ${how}${last === '' ? '' : `, saying "${last}"`}`,
    {
      retry: signal !== null || altered || /\b(2006|2013|2002)\b/.test(last) ? 'later' : 'never',
      ...(altered ? { hint: 'A table was altered during the dump; take the backup again' } : {}),
    },
  )
}

function dumpFacts(before: Preparation, tally: DumpTally, momentAt: Date): DumpFacts {
  const { facts: found, client, leftOut, structureOnly } = before
  const isRowless = (name: string): boolean => structureOnly.some((table) => table.name === name)
  const known = new Map(found.tables.map((table) => [table.name, table]))
  return {
    server: found.server.version,
    family: found.server.family,
    client: client.version,
    schema: found.schema,
    characterSet: found.characterSet,
    collation: found.collation,
    momentAt: momentAt.toISOString(),
    tables: [...tally.tables].map(([name, { rows, sizeBytes }]) => ({
      name,
      rows: isRowless(name) ? 0 : rows,
      sizeBytes: isRowless(name) ? 0 : sizeBytes,
      engine: known.get(name)?.engine ?? '',
      collation: known.get(name)?.collation ?? '',
      systemVersioned: known.get(name)?.systemVersioned ?? false,
    })),
    sequences: tally.sequences,
    views: tally.views,
    triggers: found.triggers.map(({ name }) => name),
    routines: found.routines.map(({ name }) => name),
    events: found.events,
    leftOut,
    structureOnly,
    sizeBytes: tally.sizeBytes,
    largestStatementBytes: tally.largestStatementBytes,
  }
}
