import { nearest } from '../../base/nearest.ts'
import { Failure } from '../../base/failure.ts'

/** How a value is shown to people; machines always get the value itself. */
export type Look = 'text' | 'size' | 'time' | 'seconds'

export interface Column {
  /** The stable name: of `--fields` and of the key in JSON */
  name: string
  title: string
  look?: Look
  /** Shows a value that has parts to people; what it gives is printed as it is */
  show?: (value: never) => string
  /** Only for machines, and for people who name it with `--fields` */
  hidden?: boolean
}

export type Row = Record<string, unknown>

export interface Rows {
  kind: 'rows'
  columns: Column[]
  rows: Row[]
  /** Told on stderr when there are none */
  empty: string
}

export interface Single {
  kind: 'single'
  columns: Column[]
  row: Row
  /** The one field that is the answer: printed bare when no format was asked for */
  bare?: string
}

/** What a command hands back. Printing happens in main.ts alone. */
export type Data = Rows | Single

export interface Outcome {
  data?: Data
  /** Default 0 */
  exit?: number
}

export const rowsOf = (columns: Column[], rows: Row[], empty: string): Rows => ({ kind: 'rows', columns, rows, empty })

export const singleOf = (columns: Column[], row: Row, bare?: string): Single =>
  bare === undefined ? { kind: 'single', columns, row } : { kind: 'single', columns, row, bare }

/**
 * The columns that were asked for, in the order of the asking.
 *
 * @throws {Failure} INPUT_INVALID for a name that is none, with the nearest right one
 */
export function pickColumns(columns: Column[], names: string[]): Column[] {
  if (names.length === 1 && names[0] === '*') return columns
  return names.map((name) => {
    const found = columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
    if (found !== undefined) return found
    const known = columns.map((column) => column.name)
    const near = nearest(name, known)
    throw new Failure('INPUT_INVALID', `Cannot show the field "${name}": this command has no such field`, {
      hint: `${near === null ? '' : `Did you mean "${near}"? `}Fields: ${known.join(', ')}`,
    })
  })
}
