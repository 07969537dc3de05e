import type { DeletedResult, ImportPlan, ManagedResult, ReplaceResult } from '../contract/managedSchemas.ts'
import type { WorkflowView } from '../contract/workSchemas.ts'
import type { Context } from './context.ts'
import { type Column, type Outcome, rowsOf, singleOf } from './output/data.ts'
import { durationText, safeText } from './output/human.ts'

const columns: Column[] = [
  { name: 'environment', title: 'Environment' },
  { name: 'url', title: 'Address' },
  { name: 'release', title: 'Release' },
  { name: 'commit', title: 'Commit' },
  { name: 'safetyBackup', title: 'Safety backup' },
  { name: 'maintenanceMs', title: 'Maintenance', show: (ms: number) => durationText(ms / 1000) },
  { name: 'done', title: 'Done', hidden: true },
  { name: 'workflow', title: 'Workflow' },
]

/** What a workflow made of a managed environment: sentences for people, the facts as data. */
export function managedOutcome(context: Context, workflow: WorkflowView, told: string): Outcome {
  const result = workflow.result as ManagedResult
  const environment = `${result.site}.${result.environment}`
  for (const sentence of result.done) context.say(`  ${sentence}`)
  if (told !== '') context.say(told)
  if (result.release !== null && result.release > 1) context.say(`Take it back: cairn env:undo ${environment}`)
  return { data: singleOf(columns, { ...result, environment, workflow: workflow.id }) }
}

const deletedColumns: Column[] = [
  { name: 'deleted', title: 'Deleted' },
  { name: 'lastBackups', title: 'Last backups', show: (ids: string[]) => ids.map(safeText).join('\n') || '-' },
  { name: 'workflow', title: 'Workflow' },
]

export function deletedOutcome(context: Context, workflow: WorkflowView): Outcome {
  const { site, environment, lastBackups } = workflow.result as DeletedResult
  const deleted = environment === null ? site : `${site}.${environment}`
  const [one] = lastBackups
  context.say(`${deleted} is deleted. Its backups stay: cairn backup:list ${environment === null ? `${site}.live` : deleted}`)
  if (one !== undefined) context.say(`A site again out of one: cairn site:create NAME --from-backup=${one}`)
  return { data: singleOf(deletedColumns, { deleted, lastBackups, workflow: workflow.id }) }
}

const planColumns: Column[] = ['added', 'changed', 'removed'].map((name) => ({
  name,
  title: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
}))
planColumns.push({ name: 'examples', title: 'Examples', hidden: true }, { name: 'warnings', title: 'Warnings', hidden: true })

export function importPlanOutcome(context: Context, workflow: WorkflowView): Outcome {
  const plan = workflow.result as ImportPlan
  context.say(
    `Dry run: nothing was changed.${plan.examples.length === 0 ? ' The import would change nothing.' : ' The import would touch:'}`,
  )
  for (const { change, path } of plan.examples) context.say(`  ${change.padEnd(8)} ${path}`)
  for (const { message } of plan.warnings) context.warn(message)
  return { data: singleOf(planColumns, { ...plan }) }
}

const tableColumns: Column[] = [
  { name: 'table', title: 'Table' },
  { name: 'cells', title: 'Cells' },
  { name: 'replacements', title: 'Replacements' },
]

const replaceColumns: Column[] = [
  ...['dryRun', 'cells', 'replacements', 'tables', 'samples', 'release'].map((name) => ({ name, title: name })),
]

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

/** For people a row a table, with samples of a dry run before it; the whole report for machines. */
export function replaceOutcome(context: Context, workflow: WorkflowView, environment: string): Outcome {
  const result = workflow.result as ReplaceResult
  const { dryRun, cells, replacements, tables, samples, release } = result
  if (dryRun) {
    context.say('Dry run: nothing was changed.')
    for (const { table, column, before, after } of samples.slice(0, 10)) {
      context.say(`  ${table}.${column}\n    - ${oneLine(before)}\n    + ${oneLine(after)}`)
    }
  }
  context.say(`${replacements} ${dryRun ? 'places would be replaced' : 'places were replaced'}, in ${cells} cells`)
  if (release !== null) context.say(`Take it back: cairn env:undo ${environment}`)
  const { format } = context.flags
  if (format === 'json' || format === 'yaml') return { data: singleOf(replaceColumns, { ...result }) }
  return { data: rowsOf(tableColumns, tables, 'The database does not hold it') }
}
