import { sqlErrno } from '../connect.ts'
import { keyCondition, nameSql, sameSql, tableSql, viewsOf, writeSql } from './cellSql.ts'
import type { TableWork, Values } from './groups.ts'
import type { Replaced } from './replaceInValue.ts'
import { type ColumnReport, addFailed, emptyColumn, sampleOf, samplesMax } from './report.ts'
import type { Column, TableShape } from './tableShape.ts'

interface Change {
  column: Column
  report: ColumnReport
  before: Buffer
  replaced: Replaced
  assignment: string
}

/**
 * Replaces in one row, and counts it in the reports of the columns.
 *
 * @param row what finds it again, then the columns in each of their views
 * @returns true when at least one cell changed, or would in a dry run
 */
export async function replaceRow(
  shape: TableShape,
  columns: readonly Column[],
  row: Values,
  reports: readonly ColumnReport[],
  work: TableWork,
): Promise<boolean> {
  const label = shape.key === null ? null : shape.key.map(({ name }, k) => `${name}=${row[k]?.toString('utf8') ?? ''}`).join(' ')
  const look = (report: ColumnReport): void => void (report.look.length < samplesMax && report.look.push(label))
  const changes: Change[] = []
  let at = (shape.key ?? shape.columns).length
  for (const [index, column] of columns.entries()) {
    const report = reports[index] ?? emptyColumn(column.name)
    const views = viewsOf(column).length
    const change = await work.cells.change(column, row.slice(at, at + views))
    at += views
    if (change.kind === 'binary') report.binary += 1
    if (change.kind === 'none' || change.kind === 'binary') continue
    const { before, replaced, view } = change
    if (replaced.needsLook) {
      report.needsLook += 1
      look(report)
    }
    if (change.kind === 'look') continue
    changes.push({ column, report, before, replaced, assignment: `${nameSql(column)}=${writeSql(column, replaced.value, view)}` })
  }
  if (changes.length === 0) return false
  const reasons = work.dryRun ? changes.map(() => null) : await writeRow(shape, row, changes, work)
  for (const [k, { report, before, replaced }] of changes.entries()) {
    const reason = reasons[k] ?? null
    if (reason === null) {
      report.cells += 1
      report.replacements += replaced.count
      if (report.samples.length < samplesMax) report.samples.push(sampleOf(label, before, replaced.value, replaced.edits))
    } else {
      addFailed(report, reason, 1)
      look(report)
    }
  }
  return reasons.includes(null)
}

/** Gives for each change why the server refused it, null where it did not. Refused together, they are tried one by one. */
async function writeRow(shape: TableShape, row: Values, changes: readonly Change[], work: TableWork): Promise<(string | null)[]> {
  const where = shape.key === null ? rowCondition(shape.columns, row) : keyCondition(shape.key, row)
  const kept = shape.columns
    .filter(({ followsUpdates }) => followsUpdates)
    .map((column) => `${nameSql(column)}=${nameSql(column)}`)
  const update = (part: readonly Change[]): string =>
    `UPDATE ${tableSql(shape)} SET ${[...part.map(({ assignment }) => assignment), ...kept].join(',')} WHERE ${where} LIMIT 1`
  const together = await write(update(changes), work)
  // without a key, or with a key that changes, the second statement would not find the row that the first one changed
  const isFoundAgain = shape.key !== null && !changes.some(({ column }) => shape.key?.includes(column))
  if (together === null || changes.length === 1 || !isFoundAgain) return changes.map(() => together)
  const reasons: (string | null)[] = []
  for (const change of changes) reasons.push(await write(update([change]), work))
  return reasons
}

/** Gives the server's reason where it does not take the value; a lost connection or a deadlock is thrown. */
async function write(sql: string, work: TableWork): Promise<string | null> {
  if (sql.length > work.statementBytesMax) return 'The row is longer than max_allowed_packet'
  try {
    const { affectedRows } = await work.writer.run(sql)
    return affectedRows === 0 ? 'The row changed while it was read' : null
  } catch (error) {
    const errno = sqlErrno(error)
    if (errno === null || transient.has(errno)) throw error
    return (error as Error).message.replaceAll(/ at row \d+$| for key .*$|'[^']{40,}'/g, '')
  }
}

const transient = new Set([1205, 1213, 2006, 2013, 1053, 1317, 1927, 1969, 3024])
function rowCondition(columns: readonly Column[], row: Values): string {
  return columns
    .map((column, k) => (column.holds === 'shape' ? null : sameSql(column, row[k] ?? null)))
    .filter((condition) => condition !== null)
    .join(' AND ')
}
