import { latin1 } from '../objects.ts'
import { quoteName, quoteText } from '../sqlText.ts'
import type { Column, TableName } from './tableShape.ts'

/**
 * SQL around the cells of a table, for a connection with `wire: 'bytes'` whose answers are not translated
 * (`character_set_results=NULL`): a text comes in the bytes of its column, and goes back the same way.
 */

/** Multi-byte sets in which ASCII may be part of another character: only their UTF-8 form can be searched. */
const notAscii = /^(ucs2|utf16|utf16le|utf32|sjis|cp932|eucjpms|ujis|gbk|gb2312|gb18030|big5|euckr)$/
const utf8 = /^(utf8|utf8mb3|utf8mb4|ascii)$/

/**
 * In which bytes a text is searched. Lengths in serialized values count what PHP saw: the bytes of the column, or those of its
 * connection. For a single-byte set both are possible (a site may store UTF-8 in latin1), so both are read.
 */
export function viewsOf(column: Column): ('stored' | 'utf8')[] {
  if (column.holds === 'json') return ['utf8']
  if (column.charset === null || utf8.test(column.charset)) return ['stored']
  return notAscii.test(column.charset) ? ['utf8'] : ['stored', 'utf8']
}

export function tableSql({ physicalName }: TableName): string {
  return latin1(quoteName(physicalName))
}

export function nameSql(column: Pick<Column, 'name'>): string {
  return latin1(quoteName(column.name))
}

export function readSql(column: Column, view: 'stored' | 'utf8' = 'stored'): string {
  const name = nameSql(column)
  if (view === 'utf8') return `CONVERT(${name} USING utf8mb4)`
  return column.holds === 'float' ? `${name} + 0e0` : name // a FLOAT is shown with six digits, which find nothing again
}

/** True for cells that hold one of the needles, whatever the case; ASCII has the same bytes in what is searched here. */
export function searchSql(column: Column, needles: readonly string[]): string {
  const bytes = viewsOf(column)[0] === 'utf8' ? `CONVERT(${nameSql(column)} USING utf8mb4)` : `CAST(${nameSql(column)} AS BINARY)`
  return needles
    .map((needle) => `CONVERT(${bytes} USING latin1) COLLATE latin1_general_ci LIKE _latin1'%${needle}%'`)
    .join(' OR ')
}

/** Bytes as a literal; `introducer` says what they are, e.g. `_utf8mb4`. */
export function bytesSql(value: Buffer, introducer: string): string {
  // oxlint-disable-next-line no-control-regex -- the three bytes that a string literal cannot hold as they are, and NUL is one
  return `${introducer}'${value.toString('latin1').replaceAll(/['\\\0]/g, (char) => (char === '\0' ? '\\0' : `\\${char}`))}'`
}

/** What a column is set to; `view` says in which bytes the value is. */
export function writeSql(column: Column, value: Buffer, view: 'stored' | 'utf8'): string {
  if (view === 'utf8') return bytesSql(value, '_utf8mb4')
  return bytesSql(value, `_${column.charset ?? 'binary'}`)
}

function keySql(column: Column, value: Buffer): string {
  return `${nameSql(column)}=${keyValueSql(column, value)}`
}

/** Finds a row by its key. */
export function keyCondition(key: readonly Column[], row: readonly (Buffer | null)[]): string {
  return `(${key.map((column, k) => keySql(column, row[k] ?? Buffer.alloc(0))).join(' AND ')})`
}

export function keyValueSql(column: Column, value: Buffer): string {
  if (column.holds === 'number' || column.holds === 'float') return value.toString('latin1')
  if (column.holds === 'bits') return bitsOf(value)
  if (column.charset !== null) return bytesSql(value, `_${column.charset}`)
  return column.holds === 'bytes' || column.type === 'binary' ? bytesSql(value, '_binary') : quoteText(value.toString('latin1'))
}

/** A condition that is true for cells with exactly this value, NULL among them, whatever the collation finds equal. */
export function sameSql(column: Column, value: Buffer | null): string {
  const name = nameSql(column)
  if (value === null) return `${name} IS NULL`
  if (column.holds === 'bits') return `${name} + 0 = ${bitsOf(value)}`
  if (column.holds === 'float') return `${name} + 0e0 = ${value.toString('latin1')}`
  if (column.holds === 'json') return `CAST(CONVERT(${name} USING utf8mb4) AS BINARY) = ${bytesSql(value, '_binary')}`
  if (column.charset !== null || column.holds === 'bytes' || column.type === 'binary') {
    return `CAST(${name} AS BINARY) = ${bytesSql(value, '_binary')}`
  }
  return `CAST(${name} AS CHAR) = ${quoteText(value.toString('latin1'))}`
}

function bitsOf(value: Buffer): string {
  return value.length === 0 ? '0' : String(BigInt(`0x${value.toString('hex')}`))
}
