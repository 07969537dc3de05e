import type { Started, WorkflowView } from '../contract/workSchemas.ts'
import type { Context } from './context.ts'
import { type Column, type Outcome, singleOf } from './output/data.ts'
import { exitOf, tellDetached, tellWarnings, waitFor } from './wait.ts'

export const interruptedExit = 130

const workflowColumns: Column[] = [
  { name: 'workflow', title: 'Workflow' },
  { name: 'kind', title: 'Kind' },
  { name: 'state', title: 'State' },
  { name: 'existing', title: 'Ran before' },
]

/**
 * What every command does that started a workflow: waits for it, or with `--no-wait` prints its id. `finish` makes the data
 * of a workflow that succeeded.
 */
export async function follow(
  context: Context,
  started: Started,
  wait: boolean,
  finish: (workflow: WorkflowView) => Promise<Outcome>,
): Promise<Outcome> {
  const { workflow, existing } = started
  if (existing) context.say(`The same was asked for before: workflow ${workflow.id} is it`)
  if (!wait) {
    const row = { workflow: workflow.id, kind: workflow.kind, state: workflow.state, existing }
    return { data: singleOf(workflowColumns, row, 'workflow') }
  }
  const end = await waitFor(context, workflow)
  if (end.kind === 'detached') {
    tellDetached(context, end.workflow)
    return { exit: interruptedExit }
  }
  tellWarnings(context, end.workflow)
  const exit = exitOf(end.workflow)
  return { ...(await finish(end.workflow)), exit }
}
