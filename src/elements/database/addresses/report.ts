/** One cell before and after, shortened around its first change. */
export interface Sample {
  /** The row by its key, `option_id=12`; null in a table without one */
  row: string | null
  before: string
  after: string
}

export interface ColumnReport {
  column: string
  /** Cells that change, and the addresses in them */
  cells: number
  replacements: number
  /** Cells left alone, in whole or in part: something in them looks serialized and cannot be read, or two keys would become one */
  needsLook: number
  /** Cells of a binary column that hold an address among bytes that are no text */
  binary: number
  /** Cells that the server did not take, by the reason it gave */
  failed: { reason: string; cells: number }[]
  /** The first three */
  samples: Sample[]
  /** The rows of the first three cells that need a look or failed */
  look: (string | null)[]
}

export interface TableReport {
  table: string
  /** How a row is found again for its change */
  by: 'key' | 'whole row'
  /** Rows in which the server found the name of a host or a directory */
  rowsRead: number
  rowsChanged: number
  /** Columns in which something was found */
  columns: ColumnReport[]
  /** Columns that hold text and were not looked at, with the reason */
  skipped: { column: string; reason: string }[]
  /** Triggers that ran at each change; none in a dry run */
  triggers: string[]
}

export interface ReplaceReport {
  dryRun: boolean
  tables: TableReport[]
  skippedTables: { table: string; reason: string }[]
  rowsChanged: number
  cells: number
  replacements: number
  needsLook: number
  failed: number
  /** Rows of WordPress that were emptied because they are made anew, e.g. `rewrite_rules` */
  cleared: { table: string; what: string; rows: number }[]
  /** Rows of a network's own tables */
  network: { table: string; row: string; before: string; after: string }[]
}

export const samplesMax = 3
const shownBytes = 60

export function emptyColumn(column: string): ColumnReport {
  return { column, cells: 0, replacements: 0, needsLook: 0, binary: 0, failed: [], samples: [], look: [] }
}

export function addColumn(total: ColumnReport, part: ColumnReport): void {
  total.cells += part.cells
  total.replacements += part.replacements
  total.needsLook += part.needsLook
  total.binary += part.binary
  for (const { reason, cells } of part.failed) addFailed(total, reason, cells)
  total.samples = [...total.samples, ...part.samples].slice(0, samplesMax)
  total.look = [...total.look, ...part.look].slice(0, samplesMax)
}

export function addFailed(report: ColumnReport, reason: string, cells: number): void {
  const known = report.failed.find((entry) => entry.reason === reason)
  if (known === undefined) report.failed.push({ reason, cells })
  else known.cells += cells
}

/** Some bytes before and behind the first change, on both sides. */
export function sampleOf(
  row: string | null,
  before: Buffer,
  after: Buffer,
  edits: readonly { start: number; end: number; text: string }[],
): Sample {
  // the first edit may be a length: show from there, but up to the address
  const first = edits[0] ?? { start: 0, end: 0, text: '' }
  const address = edits.find(({ text }) => !/^\d+$/.test(text)) ?? first
  const from = Math.max(0, Math.min(first.start, address.start) - shownBytes / 2, address.start - shownBytes)
  const grown = edits
    .filter(({ start }) => start <= address.start)
    .reduce((sum, edit) => sum + edit.text.length - edit.end + edit.start, 0)
  return { row, before: cut(before, from, address.end + shownBytes), after: cut(after, from, address.end + grown + shownBytes) }
}

function cut(value: Buffer, from: number, to: number): string {
  const text = value.subarray(from, to).toString('utf8')
  return `${from > 0 ? '…' : ''}${text}${to < value.length ? '…' : ''}`
}

export function sumUp(report: Pick<ReplaceReport, 'dryRun' | 'tables' | 'skippedTables' | 'cleared' | 'network'>): ReplaceReport {
  const columns = report.tables.flatMap((table) => table.columns)
  const sum = (of: (column: ColumnReport) => number): number => columns.reduce((total, column) => total + of(column), 0)
  return {
    ...report,
    rowsChanged: report.tables.reduce((total, table) => total + table.rowsChanged, 0),
    cells: sum(({ cells }) => cells),
    replacements: sum(({ replacements }) => replacements),
    needsLook: sum(({ needsLook }) => needsLook),
    failed: sum(({ failed }) => failed.reduce((total, { cells }) => total + cells, 0)),
  }
}
