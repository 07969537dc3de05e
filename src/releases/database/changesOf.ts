import { facts } from '../../elements/database/catalogue.ts'
import { connectDatabase, refusal } from '../../elements/database/connect.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { quoteName } from '../../elements/database/sqlText.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'

export interface TableCount {
  name: string
  rows: number
}

/** What a restore of the database would do, for a dry run: by names and numbers of rows, not by content. */
export interface DatabaseChanges {
  added: TableCount[]
  removed: TableCount[]
  /** Replaced tables; equal counts do not mean equal rows */
  replaced: { name: string; rowsNow: number; rowsThen: number }[]
  rowsNow: number
  rowsThen: number
  /** About what staging needs on the server's disk */
  stagedBytes: number
}

/** The tables that are live now, with exact counts. */
export async function countRows(credentials: DatabaseCredentials): Promise<TableCount[]> {
  const database = await connectDatabase(credentials)
  try {
    const counts: TableCount[] = []
    for (const { name, kind } of (await facts(database)).tables) {
      if (kind === 'sequence') continue
      const [row] = await database.query(`SELECT COUNT(*) AS row_count FROM ${quoteName(name)}`)
      counts.push({ name, rows: Number(row?.['row_count'] ?? 0) })
    }
    return counts
  } catch (error) {
    throw refusal(error, 'Cannot count rows')
  } finally {
    await database.close()
  }
}

export function changesOf(current: readonly TableCount[], wanted: Pick<DumpFacts, 'tables' | 'sizeBytes'>): DatabaseChanges {
  const now = new Map(current.map((table) => [table.name, table.rows]))
  const then = new Map(wanted.tables.map((table) => [table.name, table.rows]))
  return {
    added: missingFrom(now, then),
    removed: missingFrom(then, now),
    replaced: [...then]
      .filter(([name]) => now.has(name))
      .map(([name, rows]) => ({ name, rowsNow: now.get(name) ?? 0, rowsThen: rows })),
    rowsNow: sum(now),
    rowsThen: sum(then),
    stagedBytes: wanted.sizeBytes * 2, // an estimate: rows, and as much again for indexes
  }
}

function missingFrom(counts: Map<string, number>, all: Map<string, number>): TableCount[] {
  return [...all].filter(([name]) => !counts.has(name)).map(([name, rows]) => ({ name, rows }))
}

function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((total, rows) => total + rows, 0)
}
