import { setImmediate } from 'node:timers/promises'
import { stopIfCancelled } from '../../../base/run.ts'
import { sqlErrno } from '../connect.ts'
import { type Group, type TableWork, rowsByKey, wholeRows } from './groups.ts'
import { replaceRow } from './replaceRow.ts'
import { type ColumnReport, type TableReport, addColumn, emptyColumn } from './report.ts'
import type { Column, TableShape } from './tableShape.ts'

/**
 * Replaces in these columns of one table. The server looks for the rows, those are read again under lock, in groups of a few
 * megabytes, each a transaction. Safe to run again after a crash: what was replaced is not found.
 */
export async function replaceTable(shape: TableShape, columns: readonly Column[], work: TableWork): Promise<TableReport> {
  const report: TableReport = {
    table: shape.name,
    by: shape.key === null ? 'whole row' : 'key',
    rowsRead: 0,
    rowsChanged: 0,
    columns: columns.map(({ name }) => emptyColumn(name)),
    skipped: [],
    triggers: work.dryRun ? [] : shape.triggers,
  }
  const groups = shape.key === null ? wholeRows(shape, columns, work) : rowsByKey(shape, shape.key, columns, work)
  for await (const group of groups) {
    stopIfCancelled(work.run)
    const done = await patiently(work, () => replaceGroup(shape, columns, group, work))
    report.rowsRead += done.rowsRead
    report.rowsChanged += done.rowsChanged
    for (const [index, part] of done.columns.entries()) addColumn(report.columns[index] ?? emptyColumn(''), part)
  }
  report.columns = report.columns.filter(({ cells, needsLook, binary, failed }) => cells + needsLook + binary + failed.length > 0)
  return report
}

interface GroupReport {
  rowsRead: number
  rowsChanged: number
  columns: ColumnReport[]
}

const breathBytes = 128 << 10

async function replaceGroup(shape: TableShape, columns: readonly Column[], group: Group, work: TableWork): Promise<GroupReport> {
  const report: GroupReport = { rowsRead: 0, rowsChanged: 0, columns: columns.map(({ name }) => emptyColumn(name)) }
  if (!work.dryRun) await work.writer.run('START TRANSACTION')
  let bytes = 0
  for (const row of await group()) {
    report.rowsRead += 1
    bytes += row.reduce((sum, value) => sum + (value?.length ?? 0), 0)
    if (bytes > breathBytes) {
      bytes = 0
      await setImmediate() // others have their turn
    }
    if (await replaceRow(shape, columns, row, report.columns, work)) report.rowsChanged += 1
  }
  if (!work.dryRun) await work.writer.run('COMMIT')
  return report
}

const deadlock = new Set([1205, 1213])

/** A deadlock with the site's own statements undoes the group, or a part of it; then it is done again. */
async function patiently<T>(work: TableWork, replace: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await replace()
    } catch (error) {
      if (tries === 5 || !deadlock.has(sqlErrno(error) ?? 0)) throw error
      await work.writer.run('ROLLBACK')
    }
  }
}
