import type { Column, Data, Look } from './data.ts'
import { pickColumns } from './data.ts'
import { sizeText } from '../../contract/sizeText.ts'
import { durationText, safeText, timeText } from './human.ts'
import { tableText } from './table.ts'

export const formats = ['table', 'json', 'yaml', 'csv', 'tsv', 'list'] as const
export type Format = (typeof formats)[number]

export interface RenderOptions {
  /** Null: a table, or the bare answer of a command that has one */
  format: Format | null
  fields: string[] | null
  field: string | null
  color: boolean
}

/** The text for stdout, with its line end; empty when there is nothing to print. */
export async function render(data: Data, options: RenderOptions): Promise<string> {
  const rows = data.kind === 'rows' ? data.rows : [data.row]
  if (options.field !== null) {
    const [column] = pickColumns(data.columns, [options.field]) as [Column]
    return lines(rows.map((row) => machineText(row[column.name])))
  }
  if (options.format === null && options.fields === null && data.kind === 'single' && data.bare !== undefined) {
    return lines([machineText(data.row[data.bare])])
  }
  const format = options.format ?? 'table'
  const columns = chooseColumns(data, format, options.fields)
  switch (format) {
    case 'table':
      return tableText(data, columns, humanText, options.color)
    case 'json':
    case 'yaml': {
      const objects = rows.map((row) => Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null])))
      const value = data.kind === 'rows' ? objects : objects[0]
      return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : yamlText(value)
    }
    case 'csv':
      return separated(columns, rows, ',', quoteCsv)
    case 'tsv':
      return separated(columns, rows, '\t', escapeTsv)
    case 'list':
      if (data.kind === 'single') return lines(columns.map(({ name }) => `${name}: ${machineText(data.row[name])}`))
      return lines(rows.map((row) => machineText(row[columns[0]?.name ?? ''])))
  }
}

function chooseColumns(data: Data, format: Format, fields: string[] | null): Column[] {
  if (fields !== null) return pickColumns(data.columns, fields)
  const everything = format !== 'table' && !(format === 'list' && data.kind === 'rows')
  return everything ? data.columns : data.columns.filter((column) => column.hidden !== true)
}

function separated(columns: Column[], rows: Record<string, unknown>[], mark: string, escape: (text: string) => string): string {
  const head = columns.map(({ name }) => name)
  const body = rows.map((row) => columns.map(({ name }) => escape(machineText(row[name]))).join(mark))
  return lines([head.join(mark), ...body])
}

/** RFC 4180, with the line ends of this machine */
function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function escapeTsv(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}

/** A value as one field of text; nothing for null, JSON for what has parts. */
function machineText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',')
  return JSON.stringify(value)
}

function humanText(value: unknown, look: Look = 'text'): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') {
    if (look === 'size') return sizeText(value)
    return look === 'seconds' ? durationText(value) : String(value)
  }
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((item) => humanText(item)).join(', ')
  if (typeof value === 'object') return safeText(JSON.stringify(value))
  return look === 'time' ? timeText(String(value)) : safeText(String(value))
}

async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { lineWidth: 0 })
}

function lines(list: string[]): string {
  return list.length === 0 ? '' : `${list.join('\n')}\n`
}
