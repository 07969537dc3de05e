import { Failure } from '../../base/failure.ts'
import { nearest } from '../../base/nearest.ts'
import { workflowStates } from '../../contract/words.ts'
import type { LogLine, WorkflowView } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { interruptedExit } from '../follow.ts'
import { readCount, readSeconds } from '../inputs.ts'
import { type Column, type Outcome, rowsOf, singleOf } from '../output/data.ts'
import { workflowColumns, workflowRow } from '../rows.ts'
import { exitOf, tellDetached, tellWarnings, waitFor } from '../wait.ts'

const logColumns: Column[] = [
  { name: 'at', title: 'Time', look: 'time' },
  { name: 'level', title: 'Level' },
  { name: 'message', title: 'Message' },
]

/** One workflow shows all that is known of it. */
const wholeColumns: Column[] = workflowColumns.map((column) => ({
  ...column,
  hidden: ['result', 'cancelRequested'].includes(column.name),
}))

export function workflowList(invoke: Invoke) {
  return makeCommand('workflow:list', {
    summary: 'List workflows',
    examples: [
      ['workflow:list', 'the latest'],
      ['workflow:list blog.live --state=failed', 'what failed there'],
    ],
  })
    .argument('[SITE[.ENV]]', 'only those of a site or an environment')
    .option('--state <state>', workflowStates.join(', '))
    .option('--limit <count>', 'how many', '20')
    .action((subject, options) =>
      invoke(async (context) => {
        const [site, environment] = subject?.split('.', 2) ?? []
        const state = options.state === undefined ? undefined : readState(options.state)
        const query = { site, environment, state, limit: readCount(options.limit, '--limit', 1000) }
        const { workflows } = await context.client.get<{ workflows: WorkflowView[] }>('/v1/workflows', query)
        return { data: rowsOf(workflowColumns, workflows.map(workflowRow), 'No workflows') }
      }),
    )
}

export function workflowInfo(invoke: Invoke) {
  return makeCommand('workflow:info', {
    summary: 'Show a workflow: its steps, its failure, its log',
    examples: [
      ['workflow:info 01JB2…', 'steps and failure'],
      ['workflow:info 01JB2… --log', 'its log'],
    ],
  })
    .argument('<ID>', 'the id of the workflow')
    .option('--log', 'the log instead')
    .action((id, options) =>
      invoke(async ({ client }) => {
        if (options.log === true) {
          const { lines } = await client.get<{ lines: LogLine[] }>(path`/v1/workflows/${id}/log`)
          return {
            data: rowsOf(
              logColumns,
              lines.map((line) => ({ ...line })),
              'The log is empty',
            ),
          }
        }
        return { data: singleOf(wholeColumns, workflowRow(await client.get<WorkflowView>(path`/v1/workflows/${id}`))) }
      }),
    )
}

export function workflowWatch(invoke: Invoke) {
  return makeCommand('workflow:watch', {
    summary: 'Watch a workflow until it ends',
    description: 'Shows the steps and the progress of a workflow until it ends, and ends as it did. Ctrl-C leaves it running.',
    examples: [
      ['workflow:watch', 'the one that runs now'],
      ['workflow:watch 01JB2…', 'a certain one'],
    ],
  })
    .argument('[ID]', 'the id of the workflow (default: the one that runs now)')
    .action((id) => invoke(async (context) => attend(context, await findWorkflow(context, id), undefined, false)))
}

export function workflowWait(invoke: Invoke) {
  return makeCommand('workflow:wait', {
    summary: 'Wait for a workflow without showing its steps',
    description: 'Waits until a workflow ends, prints its state, and ends with the exit code of its result.',
    examples: [['workflow:wait 01JB2… --timeout=2h', 'exit 9 when it still runs after two hours']],
  })
    .argument('<ID>', 'the id of the workflow')
    .option('--timeout <time>', 'seconds, or 30m, 2h, 1d (default: no limit)')
    .action((id, options) =>
      invoke(async (context) => {
        const timeout = options.timeout === undefined ? undefined : readSeconds(options.timeout, '--timeout')
        return attend(context, await findWorkflow(context, id), timeout, true)
      }),
    )
}

export function workflowCancel(invoke: Invoke) {
  return makeCommand('workflow:cancel', {
    summary: 'Cancel a workflow',
    description: 'Cancels a workflow. Once it has begun to change an environment it goes on to its end, and this is refused.',
    examples: [['workflow:cancel 01JB2…', 'ask it to stop and clean up']],
  })
    .argument('<ID>', 'the id of the workflow')
    .option('--force', 'also when the process that runs it does not answer')
    .action((id, options) =>
      invoke(async ({ client, say }) => {
        const workflow = await client.post<WorkflowView>(
          path`/v1/workflows/${id}/cancel`,
          options.force === true ? { force: true } : {},
        )
        say(workflow.state === 'cancelled' ? 'Cancelled' : 'Asked to stop; it cleans up first')
        return { data: singleOf(workflowColumns, workflowRow(workflow)) }
      }),
    )
}

async function findWorkflow({ client }: Context, id: string | undefined): Promise<WorkflowView> {
  if (id !== undefined) return client.get<WorkflowView>(path`/v1/workflows/${id}`)
  const { workflows } = await client.get<{ workflows: WorkflowView[] }>('/v1/workflows', { state: 'running', limit: 1 })
  if (workflows[0] !== undefined) return workflows[0]
  throw new Failure('WORKFLOW_NOT_FOUND', 'Cannot watch: no workflow runs now', {
    hint: '"cairn workflow:list" shows those that ended',
  })
}

async function attend(
  context: Context,
  first: WorkflowView,
  timeoutSeconds: number | undefined,
  silent: boolean,
): Promise<Outcome> {
  const end = await waitFor(context, first, { timeoutSeconds, silent })
  if (end.kind === 'detached') {
    tellDetached(context, end.workflow)
    return { exit: interruptedExit }
  }
  tellWarnings(context, end.workflow)
  return { exit: exitOf(end.workflow), data: singleOf(workflowColumns, workflowRow(end.workflow), 'state') }
}

function readState(text: string): string {
  if (workflowStates.some((state) => state === text)) return text
  const near = nearest(text, workflowStates)
  throw new Failure('INPUT_INVALID', `Cannot use state "${text}": there is none of this name`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}States: ${workflowStates.join(', ')}`,
  })
}
