import { type Run, stopIfCancelled } from '../../../base/run.ts'
import type { DatabaseCredentials } from '../../../sites/credentials.ts'
import { type Database, connectDatabase, refusal } from '../connect.ts'
import { parseAddress } from './addressPair.ts'
import { openCells } from './cells.ts'
import type { TableWork } from './groups.ts'
import { type BlogMove, applyMoves, pairsOf } from './network.ts'
import { replaceTable } from './replaceTable.ts'
import { type ReplacerOptions, makeReplacer } from './replacer.ts'
import { type ReplaceReport, type TableReport, sumUp } from './report.ts'
import { type SkipOptions, isOwn, skipReason } from './skipped.ts'
import { type TableName, type TableShape, readShapes } from './tableShape.ts'
import { clearRemade } from './wordpress.ts'

export interface ReplaceOptions extends ReplacerOptions, SkipOptions {
  credentials: DatabaseCredentials
  /** The tables to look at, by the names that the site gives them and those that they have now */
  tables: readonly TableName[]
  /** Sites of a WordPress network and where they go; their addresses in text follow. @default none */
  blogs?: readonly BlogMove[]
  dryRun: boolean
  run: Run
}

/**
 * Replaces addresses in all text of the tables, whatever holds it, and says what it did. A dry run does the same and writes
 * nothing. Memory holds a few megabytes of rows, or one row where it is larger. Each table goes in transactions of its own: after
 * a failure or a crash part of it is replaced, and running again does the rest.
 *
 * Triggers of the site run with each change (the report names them). Rows that somebody adds meanwhile may be missed.
 *
 * @throws {Failure} INPUT_INVALID for a pair that is no address, DATABASE_REFUSED, WORKFLOW_CANCELLED
 */
export async function replaceInDatabase(options: ReplaceOptions): Promise<ReplaceReport> {
  const moves = options.blogs ?? []
  const scheme = options.pairs[0] === undefined ? null : parseAddress(options.pairs[0].to).scheme
  const wanted = { ...options, pairs: [...options.pairs, ...pairsOf(moves, scheme)] }
  const replacer = makeReplacer(wanted)
  const cells = openCells(replacer, wanted)
  const { run, dryRun, tablePrefix, credentials } = options
  const opened: Database[] = []
  let endSearch = (): void => {}
  const open = async (wire: 'utf8' | 'bytes'): Promise<Database> => {
    const database = await connectDatabase(credentials, { wire })
    opened.push(database)
    await database.run(sessionSql(wire))
    return database
  }
  try {
    const meta = await open('utf8')
    const own = options.tables.filter(isOwn)
    const shapes = await readShapes(
      meta,
      options.tables.filter((table) => !isOwn(table)),
    )
    const reader = await open('bytes')
    // a search may take long before its first row, and what is left of it would be read away before the connection closes
    endSearch = () => void meta.run(`KILL QUERY ${reader.threadId}`).catch(() => {})
    run.signal.addEventListener('abort', endSearch)
    const work: TableWork = {
      reader,
      writer: await open('bytes'),
      replacer,
      cells,
      dryRun,
      statementBytesMax: await statementBytesMax(meta),
      run,
    }
    const tables: TableReport[] = []
    for (const [index, shape] of shapes.entries()) {
      run.progress({ doneItems: index, totalItems: shapes.length, note: shape.name })
      const report = await replaceColumns(shape, options, work)
      if (report !== null) tables.push(report)
    }
    run.progress({ doneItems: shapes.length, totalItems: shapes.length, note: null })
    const isWordpress = options.framework === 'wordpress'
    const there = shapes.map(({ name, physicalName }) => ({ name, physicalName }))
    return sumUp({
      dryRun,
      tables,
      skippedTables: [
        ...own.map(({ name }) => ({ table: name, reason: 'a table of Cairn' })),
        ...options.tables
          .filter((table) => !isOwn(table) && !shapes.some(({ name }) => name === table.name))
          .map(({ name }) => ({ table: name, reason: 'a view, or not there' })),
      ],
      network: isWordpress ? await applyMoves(meta, there, tablePrefix, moves, dryRun) : [],
      cleared: isWordpress ? await clearRemade(meta, there, tablePrefix, dryRun) : [],
    })
  } catch (error) {
    endSearch()
    stopIfCancelled(run)
    throw refusal(error, 'Cannot replace addresses')
  } finally {
    run.signal.removeEventListener('abort', endSearch)
    await cells.close()
    for (const database of opened) await database.close()
  }
}

/** Null for a table without text. */
async function replaceColumns(shape: TableShape, options: ReplaceOptions, work: TableWork): Promise<TableReport | null> {
  const texts = shape.columns.filter(({ holds }) => holds === 'text' || holds === 'json' || holds === 'bytes')
  const skipped = texts.flatMap((column) => {
    const reason = skipReason(shape, column, options)
    return reason === null ? [] : [{ column: column.name, reason }]
  })
  const columns = texts.filter(({ name }) => !skipped.some(({ column }) => column === name))
  if (columns.length === 0 || work.replacer.needles.length === 0) return null
  try {
    return { ...(await replaceTable(shape, columns, work)), skipped }
  } catch (error) {
    throw refusal(error, `Cannot replace addresses in table "${shape.name}"`)
  }
}

/**
 * Strict, so that a value that became too long is refused and not cut off; zero and impossible dates that stand in a row may stay.
 * UTC, so that a timestamp in the hour that a clock repeats is written as it was read. No checks of foreign keys: both sides of
 * one are replaced, but not at once. A reader that waits for its writer is not sent away.
 */
function sessionSql(wire: 'utf8' | 'bytes'): string {
  const bytes =
    wire === 'bytes' ? 'character_set_client=utf8mb4, collation_connection=utf8mb4_general_ci, character_set_results=NULL,' : ''
  return `SET SESSION ${bytes} sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone='+00:00',
    foreign_key_checks=0, net_write_timeout=7200, wait_timeout=28800`
}

async function statementBytesMax(database: Database): Promise<number> {
  const [row] = await database.query('SELECT @@max_allowed_packet AS bytes')
  return Number(row?.['bytes'] ?? 1 << 20) - 1024
}
