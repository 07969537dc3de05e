import type { WorkflowState } from '../contract/words.ts'
import type { State } from '../state/open.ts'
import { cancelWorkflow, notFound } from './cancel.ts'
import { type Definitions, definitionsByKind, type WorkflowDefinition } from './define.ts'
import { enqueue, type EnqueueRequest } from './enqueue.ts'
import { type ChangeListener, listenForChanges } from './listen.ts'
import { findReady } from './order.ts'
import { isOpen, type LogLine, type StepRecord, stepRecord, type WorkflowRecord, workflowRecord } from './records.ts'
import { startWaker, type Waker } from './wake.ts'

export interface Queue {
  /** @throws {Failure} WORKFLOW_BUSY, unless `queue` is set */
  enqueue(request: EnqueueRequest): Promise<{ workflow: WorkflowRecord; existing: boolean }>
  /** @throws {Failure} WORKFLOW_NOT_FOUND */
  get(id: string): Promise<WorkflowRecord>
  /** Newest first */
  list(filter: ListFilter): Promise<WorkflowRecord[]>
  /** In the order in which they began */
  steps(id: string): Promise<StepRecord[]>
  /** The same of many, in one query */
  stepsOf(ids: readonly string[]): Promise<Map<string, StepRecord[]>>
  log(id: string): Promise<LogLine[]>
  /** @throws {Failure} WORKFLOW_NOT_FOUND, WORKFLOW_PAST_CANCEL */
  cancel(id: string, options?: { force: boolean }): Promise<WorkflowRecord>
  /** Answers as soon as the revision is not `sinceRevision` or the workflow has ended, else after `timeoutMs` with what there is */
  waitForChange(id: string, sinceRevision: number, timeoutMs: number, signal?: AbortSignal): Promise<WorkflowRecord>
  /** Calls back with the id of each workflow that changed; null where notices may have been missed. @returns stops it */
  onChange(callback: (id: string | null) => void): () => void
  close(): Promise<void>
  /** For workers only */
  readonly parts: QueueParts
}

export interface QueueParts {
  state: Pick<State, 'db'>
  waker: Waker
  /** Silent for so long, a worker counts as dead */
  expiresMs: number
  locksDirectory: string
  onError: (error: unknown) => void
}

export interface ListFilter {
  site?: string
  environment?: string
  state?: WorkflowState
  kind?: string
  /** Of these sites alone; null or left out: of all, and those of none */
  sites?: readonly string[] | null
  limit: number
  /** How many of the newest are left out */
  skip?: number
}

export interface QueueOptions {
  state: Pick<State, 'db' | 'connection'>
  definitions: readonly WorkflowDefinition[]
  /** Ours alone; made when it is missing. The same for all that work on these environments on this machine */
  locksDirectory: string
  /** What goes wrong in the background and mends itself: for the log */
  onError?: (error: unknown) => void
  expiresMs?: number
}

/** Opens the queue: whoever asks for workflows or looks at them needs no more than this. */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { state, locksDirectory, onError = () => {}, expiresMs = 15_000 } = options
  const definitions = definitionsByKind(options.definitions)
  const waker = await startWaker(state.connection, onError)
  const listener = await listenForChanges(state.connection).catch(async (error: unknown) => {
    await waker.close()
    throw error
  })
  return makeQueue({ state, waker, expiresMs, locksDirectory, onError }, definitions, listener)
}

function makeQueue(parts: QueueParts, definitions: Definitions, listener: ChangeListener): Queue {
  const { state, waker, expiresMs } = parts
  const { db } = state

  const get = async (id: string): Promise<WorkflowRecord> => {
    const row = await db.selectFrom('workflow').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw notFound(id)
    return workflowRecord(row)
  }

  return {
    parts,
    get,
    onChange: (callback) => listener.onChange(callback),

    async enqueue(request) {
      const definition = definitions.get(request.kind)
      if (definition === undefined) throw new Error(`no workflow is defined as "${request.kind}"`)
      const { row, existing } = await enqueue(db, request, definition, (id, transaction) => waker.wake([id], transaction))
      return { workflow: workflowRecord(row), existing }
    },

    async list({ site, environment, state: wanted, kind, sites = null, limit, skip = 0 }) {
      if (sites?.length === 0) return []
      let query = db.selectFrom('workflow').selectAll().orderBy('seq', 'desc').limit(limit).offset(skip)
      if (site !== undefined) query = query.where('site', '=', site)
      if (environment !== undefined) query = query.where('environment', '=', environment)
      if (wanted !== undefined) query = query.where('state', '=', wanted)
      if (kind !== undefined) query = query.where('kind', '=', kind)
      if (sites !== null) query = query.where('site', 'in', sites)
      return (await query.execute()).map(workflowRecord)
    },

    async steps(id) {
      const rows = await db.selectFrom('step').selectAll().where('workflow_id', '=', id).orderBy('position').execute()
      return rows.map(stepRecord)
    },

    async stepsOf(ids) {
      if (ids.length === 0) return new Map()
      const rows = await db.selectFrom('step').selectAll().where('workflow_id', 'in', ids).orderBy('position').execute()
      const found = Map.groupBy(rows, ({ workflow_id: id }) => id)
      return new Map(ids.map((id) => [id, (found.get(id) ?? []).map(stepRecord)]))
    },

    async log(id) {
      const query = db.selectFrom('workflow_log').select(['id', 'at', 'level', 'message']).where('workflow_id', '=', id)
      return query.orderBy('id').execute()
    },

    async cancel(id, { force } = { force: false }) {
      await cancelWorkflow(db, id, { force, expiresMs })
      const workflow = await get(id)
      if (!isOpen(workflow)) await wakeNext(parts, workflow.environmentIds)
      return workflow
    },

    waitForChange: (id, sinceRevision, timeoutMs, signal) =>
      waitForChange(
        listener,
        id,
        () => get(id),
        (now) => now.revision !== sinceRevision || !isOpen(now),
        timeoutMs,
        signal,
      ),

    async close() {
      await listener.close()
      await waker.close()
    },
  }
}

/** Wakes those that waited for a workflow of these environments. */
export async function wakeNext({ state, waker, expiresMs }: QueueParts, environmentIds: string[]): Promise<void> {
  if (environmentIds.length > 0) await waker.wake(await findReady(state.db, { expiresMs, environmentIds }))
}

/** A notice may be lost with its connection, so the row is also looked at every few seconds. */
async function waitForChange(
  listener: ChangeListener,
  id: string,
  look: () => Promise<WorkflowRecord>,
  isNews: (record: WorkflowRecord) => boolean,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<WorkflowRecord> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const notice = nextNotice(listener, id) // before looking: a change in between is not missed
    try {
      const record = await look()
      const leftMs = deadline - performance.now()
      if (isNews(record) || leftMs <= 0 || signal?.aborted === true) return record
      await notice.wait(Math.min(leftMs, 5_000), signal)
    } finally {
      notice.stop()
    }
  }
}

function nextNotice(
  listener: ChangeListener,
  id: string,
): { wait(ms: number, signal?: AbortSignal): Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = listener.onChange((changed) => {
    if (changed === id || changed === null) resolve()
  })
  return {
    stop,
    async wait(ms, signal) {
      const timer = setTimeout(resolve, ms)
      const abort = (): void => resolve()
      signal?.addEventListener('abort', abort, { once: true })
      await promise
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
