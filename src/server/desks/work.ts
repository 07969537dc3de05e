import type { WorkDesk } from '../../api/deps.ts'
import { Failure } from '../../base/failure.ts'
import { workflowKinds } from '../../contract/words.ts'
import type { Started, WorkflowView } from '../../contract/workSchemas.ts'
import type { Queue } from '../../queue/queue.ts'
import type { StepRecord, WorkflowRecord } from '../../queue/records.ts'

/** What the interface sees of the queue. */
export function workDesk(queue: Queue): WorkDesk {
  const view = async (record: WorkflowRecord): Promise<WorkflowView> => viewWorkflow(record, await queue.steps(record.id))
  return {
    async list(filter) {
      return Promise.all((await queue.list(filter)).map(view))
    },
    async find(id) {
      const record = await orNull(queue.get(id))
      return record === null ? null : view(record)
    },
    async revision(id) {
      return (await orNull(queue.get(id)))?.revision ?? null
    },
    async log(id) {
      return (await queue.log(id)).map(({ at, level, message }) => ({ at: at.toISOString(), level, message }))
    },
    async cancel(id, options) {
      await queue.cancel(id, options)
    },
  }
}

export function viewStarted({ workflow, existing }: { workflow: WorkflowRecord; existing: boolean }): Started {
  return { workflow: viewWorkflow(workflow, []), existing }
}

function viewWorkflow(record: WorkflowRecord, steps: StepRecord[]): WorkflowView {
  const kind = workflowKinds.find((known) => known === record.kind)
  if (kind === undefined) throw new Error(`workflow "${record.id}" is of unknown kind "${record.kind}"`)
  return {
    id: record.id,
    kind,
    site: record.site,
    environment: record.environment,
    state: record.state,
    actor: record.actor,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    finishedAt: record.finishedAt?.toISOString() ?? null,
    cancellable: record.cancellable,
    cancelRequested: record.cancelRequested,
    steps: steps.map((step) => ({
      name: step.name,
      state: step.state,
      progress: step.progress,
      startedAt: step.startedAt?.toISOString() ?? null,
      finishedAt: step.finishedAt?.toISOString() ?? null,
    })),
    result: record.result,
    failure: record.failure,
    warnings: record.warnings,
  }
}

async function orNull(found: Promise<WorkflowRecord>): Promise<WorkflowRecord | null> {
  try {
    return await found
  } catch (error) {
    if (error instanceof Failure && error.code === 'WORKFLOW_NOT_FOUND') return null
    throw error
  }
}
