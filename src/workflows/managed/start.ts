import type { Actor, WorkflowKind } from '../../contract/words.ts'
import type { Queue } from '../../queue/queue.ts'
import type { WorkflowRecord } from '../../queue/records.ts'

export interface Enqueued {
  workflow: WorkflowRecord
  existing: boolean
}

interface About {
  site: string
  environment: string | null
  /** What it takes for itself */
  ids: string[]
}

export type Start = (kind: WorkflowKind, about: About, actor: Actor, input: object) => Promise<Enqueued>

/** Puts a journey into the queue; where somebody else is at work it is refused. */
export function startWith(queue: Pick<Queue, 'enqueue'>): Start {
  return (kind, { site, environment, ids }, actor, input) =>
    queue.enqueue({ kind, site, environment, environmentIds: ids, actor, input, dedupeKey: null, queue: false })
}
