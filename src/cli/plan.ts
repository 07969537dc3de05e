import type { RestorePlan } from '../contract/schemas.ts'
import type { Context } from './context.ts'
import { type Column, type Outcome, type Row, rowsOf, singleOf } from './output/data.ts'
import { sizeText } from '../contract/sizeText.ts'
import { durationText } from './output/human.ts'

const elementColumns: Column[] = [
  { name: 'element', title: 'Element' },
  { name: 'added', title: 'Added' },
  { name: 'changed', title: 'Changed' },
  { name: 'removed', title: 'Removed' },
  { name: 'unchanged', title: 'Unchanged' },
  { name: 'tables', title: 'Tables' },
  { name: 'rows', title: 'Rows' },
  { name: 'bytes', title: 'To write', look: 'size' },
]

const wholeColumns: Column[] = [
  'backup',
  'environment',
  'mode',
  'code',
  'files',
  'database',
  'spaceNeededBytes',
  'spaceFreeBytes',
  'estimatedSeconds',
  'warnings',
].map((name) => ({ name, title: name }))

/** What a restore would do: a table with sentences around it for people, the whole plan for machines. Exit 2 when space lacks. */
export function planOutcome(context: Context, plan: RestorePlan): Outcome {
  const short = plan.spaceFreeBytes !== null && plan.spaceNeededBytes > plan.spaceFreeBytes
  const exit = short ? 2 : 0
  tell(context, plan, short)
  const { format } = context.flags
  if (format === 'json' || format === 'yaml') return { data: singleOf(wholeColumns, plan), exit }
  return { data: rowsOf(elementColumns, elementRows(plan), 'Nothing would change'), exit }
}

function tell(context: Context, plan: RestorePlan, short: boolean): void {
  context.say(`Dry run: nothing is changed. Backup ${plan.backup} into ${plan.environment}: ${plan.mode}`)
  for (const part of [plan.code, plan.files]) {
    for (const { change, path } of part?.examples ?? []) context.say(`  ${change.padEnd(8)} ${path}`)
  }
  const gone = plan.database?.tablesRemoved ?? []
  if (gone.length > 0) context.say(`  tables that would be removed: ${gone.join(', ')}`)
  const free = plan.spaceFreeBytes === null ? '' : `, ${sizeText(plan.spaceFreeBytes)} are free`
  const time = plan.estimatedSeconds === null ? '' : `; about ${durationText(plan.estimatedSeconds)}`
  context.say(`Space needed: ${sizeText(plan.spaceNeededBytes)}${free}${time}`)
  for (const warning of plan.warnings) context.warn(warning.message)
  if (short) context.warn('The restore would be refused: there is not enough space')
}

function elementRows({ code, files, database }: RestorePlan): Row[] {
  const rows: Row[] = []
  if (code !== null) rows.push({ element: 'code', ...code })
  if (files !== null) rows.push({ element: 'files', ...files })
  if (database !== null) rows.push({ element: 'database', ...database, removed: database.tablesRemoved.length })
  return rows
}
