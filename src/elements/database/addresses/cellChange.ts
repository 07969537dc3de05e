import { isUtf8 } from 'node:buffer'
import { viewsOf } from './cellSql.ts'
import type { Replacer } from './edits.ts'
import { type Replaced, replaceInValue } from './replaceInValue.ts'
import type { Column } from './tableShape.ts'

/** What becomes of one cell. */
export type CellChange =
  | { kind: 'none' }
  | { kind: 'binary' }
  | { kind: 'changed' | 'look'; view: 'stored' | 'utf8'; before: Buffer; replaced: Replaced }

/** @param values the cell in each of the column's views */
export function changeOf(column: Column, values: readonly (Buffer | null)[], replacer: Replacer): CellChange {
  let best: CellChange = { kind: 'none' }
  for (const [index, view] of viewsOf(column).entries()) {
    const before = values[index]
    if (before === null || before === undefined) continue
    const replaced = replaceInValue(before, replacer)
    if (replaced.count === 0 && !replaced.needsLook) continue
    if (column.holds === 'bytes' && replaced.form === 'text' && !isText(before)) return { kind: 'binary' }
    const change: CellChange = { kind: replaced.count > 0 ? 'changed' : 'look', view, before, replaced }
    if (!replaced.needsLook) return change
    if (best.kind === 'none') best = change
  }
  return best
}

/** A text in a binary column: UTF-8 without the control characters that no text has. */
function isText(value: Buffer): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return isUtf8(value) && !/[\0-\x08\x0e-\x1f]/.test(value.toString('latin1'))
}
