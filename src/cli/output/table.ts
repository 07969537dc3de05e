import type { Column, Data, Look } from './data.ts'

const plain = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table for people: no frames, so that it can be copied and grepped; numbers to the right. */
export async function tableText(
  data: Data,
  columns: Column[],
  show: (value: unknown, look?: Look) => string,
  color: boolean,
): Promise<string> {
  if (data.kind === 'rows' && data.rows.length === 0) return ''
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  const cell = (column: Column, value: unknown): string =>
    column.show === undefined || value === null ? show(value, column.look) : column.show(value as never)
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[22m` : text)
  const dim = (text: string): string => (color ? `\u001b[2m${text}\u001b[22m` : text)
  // Loaded only here: scripts that ask for JSON do not wait for it
  const { default: Made } = await import('cli-table3')
  if (data.kind === 'single') {
    const table = new Made({ chars: plain, style })
    for (const column of columns) table.push([dim(column.title), cell(column, data.row[column.name])])
    return trimmed(table.toString())
  }
  const table = new Made({
    chars: plain,
    style,
    head: columns.map((column) => bold(column.title)),
    colAligns: columns.map((column) => (column.look === 'size' || column.look === 'seconds' ? 'right' : 'left')),
  })
  for (const row of data.rows) table.push(columns.map((column) => cell(column, row[column.name])))
  return trimmed(table.toString())
}

function trimmed(text: string): string {
  return `${text.replace(/[ \t]+$/gm, '')}\n`
}
