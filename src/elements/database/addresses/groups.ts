import type { Run } from '../../../base/run.ts'
import type { Database } from '../connect.ts'
import { keyCondition, keyValueSql, nameSql, readSql, searchSql, tableSql, viewsOf } from './cellSql.ts'
import type { Cells } from './cells.ts'
import type { Replacer } from './edits.ts'
import type { Column, TableShape } from './tableShape.ts'

export interface TableWork {
  /** Streams what the server found; nothing is written through it */
  reader: Database
  /** Reads rows under lock and writes them */
  writer: Database
  replacer: Pick<Replacer, 'needles'>
  cells: Cells
  dryRun: boolean
  /** The server takes no longer statement */
  statementBytesMax: number
  run: Run
}

export type Values = (Buffer | null)[]

const groupRowsMax = 500
const groupBytesMax = 8 << 20

/** Gives the rows of a group, to be changed; where they were read by key, it locks them. */
export type Group = () => Promise<Values[]>

/** The reader only tells which rows; what stands in them is read again when their turn comes. */
export async function* rowsByKey(
  shape: TableShape,
  key: readonly Column[],
  columns: readonly Column[],
  work: TableWork,
): AsyncGenerator<Group> {
  const sizes = columns.map((column) => `COALESCE(LENGTH(${nameSql(column)}),0)`).join('+')
  const select = `SELECT SQL_BUFFER_RESULT ${key.map((column) => readSql(column)).join(',')}, ${sizes}`
  const group: Values[] = []
  let bytes = 0
  const read = (rows: readonly Values[]): Group => {
    const where = rows.map((row) => keyCondition(key, row))
    const [only] = key
    const condition =
      key.length === 1 && only !== undefined
        ? `${nameSql(only)} IN (${rows.map((row) => keyValueSql(only, row[0] ?? Buffer.alloc(0))).join(',')})`
        : where.join(' OR ')
    const sql = `SELECT ${readList(key, columns)} FROM ${tableSql(shape)} WHERE ${condition}${work.dryRun ? '' : ' FOR UPDATE'}`
    return () => collect(work.writer.stream(sql, 16))
  }
  // the reader gives its rows from a copy that the server keeps, so that no table stays locked while others are written
  for await (const row of work.reader.stream(`${select} FROM ${tableSql(shape)} WHERE ${search(columns, work)}`, 1000)) {
    const size = Number(row.at(-1)?.toString() ?? 0)
    if (group.length > 0 && (group.length >= groupRowsMax || bytes + size > groupBytesMax)) {
      yield read(group.splice(0))
      bytes = 0
    }
    group.push(row.slice(0, -1))
    bytes += size
  }
  if (group.length > 0) yield read(group)
}

/** In a table without a key a row is found again by all that stands in it; of several that are alike, each is changed once. */
export async function* wholeRows(shape: TableShape, columns: readonly Column[], work: TableWork): AsyncGenerator<Group> {
  const sql = `SELECT SQL_BUFFER_RESULT ${readList(shape.columns, columns)} FROM ${tableSql(shape)} WHERE ${search(columns, work)}`
  let group: Values[] = []
  let bytes = 0
  for await (const row of work.reader.stream(sql, 2)) {
    group.push(row)
    bytes += row.reduce((sum, value) => sum + (value?.length ?? 0), 0)
    if (group.length < groupRowsMax && bytes < groupBytesMax) continue
    const rows = group
    yield async () => rows
    group = []
    bytes = 0
  }
  yield async () => group
}

function search(columns: readonly Column[], { replacer }: TableWork): string {
  return columns.map((column) => searchSql(column, replacer.needles)).join(' OR ')
}

/** What finds a row again, then the columns to look at in each of their views. */
function readList(found: readonly Column[], columns: readonly Column[]): string {
  return [
    ...found.map((column) => readSql(column)),
    ...columns.flatMap((column) => viewsOf(column).map((view) => readSql(column, view))),
  ].join(',')
}

async function collect(rows: AsyncIterable<Values>): Promise<Values[]> {
  const all: Values[] = []
  for await (const row of rows) all.push(row)
  return all
}
