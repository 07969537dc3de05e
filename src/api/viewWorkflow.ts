import type { Started, WorkflowView } from '../contract/workSchemas.ts'
import type { StepRecord, WorkflowRecord } from '../queue/records.ts'
import type { ApiDeps, Enqueued } from './deps.ts'

/** A workflow as people and programs see it: without its input and the outputs of its steps, which may hold what is sealed. */
export function viewWorkflow(record: WorkflowRecord, steps: readonly StepRecord[]): WorkflowView {
  return {
    id: record.id,
    kind: record.kind,
    site: record.site,
    environment: record.environment,
    state: record.state,
    actor: record.actor,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    finishedAt: record.finishedAt?.toISOString() ?? null,
    cancellable: record.cancellable,
    cancelRequested: record.cancelRequested,
    revision: record.revision,
    steps: steps.map(({ name, state, progress, startedAt, finishedAt }) => ({
      name,
      state,
      progress,
      startedAt: startedAt?.toISOString() ?? null,
      finishedAt: finishedAt?.toISOString() ?? null,
    })),
    result: record.result,
    failure: record.failure,
    warnings: record.warnings,
  }
}

export async function viewWithSteps(queue: Pick<ApiDeps['queue'], 'steps'>, record: WorkflowRecord): Promise<WorkflowView> {
  return viewWorkflow(record, await queue.steps(record.id))
}

/** A list of them: their steps come with one query. */
export async function viewManyWithSteps(
  queue: Pick<ApiDeps['queue'], 'stepsOf'>,
  records: readonly WorkflowRecord[],
): Promise<WorkflowView[]> {
  const steps = await queue.stepsOf(records.map(({ id }) => id))
  return records.map((record) => viewWorkflow(record, steps.get(record.id) ?? []))
}

export async function viewStarted(queue: Pick<ApiDeps['queue'], 'steps'>, { workflow, existing }: Enqueued): Promise<Started> {
  return { workflow: await viewWithSteps(queue, workflow), existing }
}
