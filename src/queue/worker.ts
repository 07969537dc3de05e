import { Failure, failureRecord } from '../base/failure.ts'
import type { Row } from '../state/tables.ts'
import { Attempt } from './attempt.ts'
import { cancelled } from './cancel.ts'
import { isCancel, makeContext, type RunningContext, type StopReason } from './context.ts'
import { definitionsByKind, Unfinished, type WorkflowDefinition } from './define.ts'
import { findReady } from './order.ts'
import { makePostponed, type Postponed } from './postponed.ts'
import { type Queue, wakeNext } from './queue.ts'
import { takeWorkflow } from './take.ts'

export interface WorkerOptions {
  queue: Queue
  definitions: readonly WorkflowDefinition[]
  /** Names this server across its restarts: what its former life ran is taken back at once. Never two at a time. */
  instance: string
  concurrency: number
  beatMs?: number
  sweepMs?: number
  /** How long one that cannot go on yet waits: first, and at most after it has doubled again and again */
  retryMs?: { first: number; most: number }
}

export interface Worker {
  /**
   * Takes nothing more, tells what runs to stop, and puts it back for the next worker. What has begun to change an environment
   * is waited for.
   */
  stop(): Promise<void>
}

interface Running {
  stop(reason: StopReason): void
  pastReturn(): boolean
}

const attemptsMax = 20

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { queue, instance, beatMs = 3_000, sweepMs = 5_000, retryMs = { first: 5_000, most: 300_000 } } = options
  const { state, waker, expiresMs, onError, locksDirectory } = queue.parts
  const definitions = definitionsByKind(options.definitions)
  const running = new Map<string, Running>()
  const postponed = makePostponed(retryMs, (id) => void waker.wake([id]).catch(onError))
  let stopping = false

  const handle = async (id: string): Promise<void> => {
    if (stopping || postponed.waits(id)) return
    const kinds = [...definitions.keys()]
    const taking = await takeWorkflow(state.db, id, { instance, expiresMs, kinds, locksDirectory })
    if (taking.kind === 'nothing') return
    if (taking.kind === 'held') return onError(new Error(`workflow "${id}" waits: another process holds its environment`)) // the sweep comes again
    try {
      await runTaken(taking.row, taking.takenOver)
    } finally {
      running.delete(id)
      await taking.lock.release()
    }
    if (!stopping) await wakeNext(queue.parts, taking.row.environment_ids)
  }

  const runTaken = async (row: Row<'workflow'>, takenOver: boolean): Promise<void> => {
    const definition = definitions.get(row.kind)
    if (definition === undefined) throw new Error(`workflow of unknown kind "${row.kind}" was taken`)
    const attempt = new Attempt(state.db, row.id, row.attempt)
    const abort = new AbortController()
    const stop = (reason: StopReason): void => {
      if (!abort.signal.aborted) abort.abort(reason)
    }
    const lose = (error: unknown): void => (isTakenOver(error) ? stop('lost') : onError(error))
    const context = await makeContext(attempt, row, abort.signal, lose)
    running.set(row.id, { stop, pastReturn: () => context.pastReturn })
    const endBeat = keepBeating(queue, attempt, beatMs, () => context.pastReturn, stop, lose)
    try {
      if (takenOver) context.run.log('warn', `attempt ${row.attempt}: the process that ran it before is gone`)
      if (row.cancel_requested && row.cancellable) {
        if (row.attempt === 1) return await attempt.finish('cancelled', undefined, cancelled)
        stop('cancel') // a former attempt has done something: its definition alone can take that back
      }
      if (stopping && !context.pastReturn) stop('shutdown')
      await runToEnd(definition, row, context, attempt)
      postponed.forget(row.id)
    } catch (error) {
      await endWithError(error, attempt, context, abort.signal, postponed)
    } finally {
      endBeat()
    }
  }

  const sweep = async (): Promise<void> => {
    if (!stopping) await wakeWaiting(queue, instance, running)
  }

  await wakeWaiting(queue, instance, running)
  await waker.work(options.concurrency, oncePerId(handle))
  const timer = setInterval(() => void sweep().catch(onError), sweepMs)
  return {
    async stop() {
      stopping = true
      clearInterval(timer)
      postponed.stop()
      for (const workflow of running.values()) if (!workflow.pastReturn()) workflow.stop('shutdown')
      await waker.stopWork()
    },
  }
}

/** A wake for what is being looked at or run already starts nothing beside it; it is looked at again afterwards. */
function oncePerId(handle: (id: string) => Promise<void>): (id: string) => Promise<void> {
  const again = new Map<string, boolean>()
  return async (id) => {
    if (again.has(id)) return void again.set(id, true)
    try {
      do {
        again.set(id, false)
        await handle(id)
      } while (again.get(id) === true)
    } finally {
      again.delete(id)
    }
  }
}

/**
 * Wakes all that could run now. What this instance ran and runs no more needs no waiting: its former life ended, or lost the
 * state database in the middle.
 */
async function wakeWaiting({ parts }: Queue, instance: string, running: ReadonlyMap<string, Running>): Promise<void> {
  const { db } = parts.state
  const mine = db.selectFrom('workflow').select('id').where('state', '=', 'running').where('instance', '=', instance)
  const left = (await mine.orderBy('seq').execute()).map(({ id }) => id).filter((id) => !running.has(id))
  await parts.waker.wake([...left, ...(await findReady(db, { expiresMs: parts.expiresMs }))])
}

async function runToEnd(
  definition: WorkflowDefinition,
  row: Row<'workflow'>,
  context: RunningContext,
  attempt: Attempt,
): Promise<void> {
  if (row.version !== definition.version && row.attempt > 1) {
    throw new Failure('WORKFLOW_FAILED', `Cannot go on with ${row.kind} "${row.id}": another version of Cairn began it`, {
      hint: 'Start it again',
    })
  }
  if (row.attempt > attemptsMax && row.cancellable) {
    throw new Failure('WORKFLOW_FAILED', `Cannot finish ${row.kind} "${row.id}": it was interrupted ${row.attempt - 1} times`)
  }
  const result = await definition.run(context, row.input)
  await context.settle()
  await attempt.finish('succeeded', result, null)
}

async function endWithError(
  error: unknown,
  attempt: Attempt,
  context: RunningContext,
  signal: AbortSignal,
  postponed: Postponed,
): Promise<void> {
  await context.settle()
  try {
    if (isTakenOver(error) || signal.reason === ('lost' satisfies StopReason)) return
    if (signal.reason === ('shutdown' satisfies StopReason)) return await attempt.putBack()
    if (error instanceof Unfinished && context.pastReturn) return await postpone(error, attempt, postponed)
    postponed.forget(attempt.id)
    if (isCancel(error, signal)) return await attempt.finish('cancelled', undefined, cancelled)
    const failure = failureRecord(error)
    await attempt.log('error', failure.message)
    await attempt.finish('failed', undefined, failure)
  } catch (second) {
    if (!isTakenOver(second)) throw second
  }
}

/** Whoever takes the workflow before its time, e.g. the next life of this server, does no harm. */
async function postpone(error: Unfinished, attempt: Attempt, postponed: Postponed): Promise<void> {
  const delayMs = postponed.put(attempt.id)
  const note = `cannot go on yet: ${error.message}; tried again in ${Math.round(delayMs / 1000)} s`
  await attempt.log('error', note)
  await attempt.postpone(note)
}

/** Writes the beat, and passes a cancel on: from the beat's answer, and sooner from a notice. */
function keepBeating(
  queue: Queue,
  attempt: Attempt,
  beatMs: number,
  pastReturn: () => boolean,
  stop: (reason: StopReason) => void,
  lose: (error: unknown) => void,
): () => void {
  let beating = false
  const beat = async (): Promise<void> => {
    if (beating) return
    beating = true
    try {
      const { cancel } = await attempt.beat()
      if (cancel && !pastReturn()) stop('cancel')
    } catch (error) {
      lose(error)
    } finally {
      beating = false
    }
  }
  const timer = setInterval(() => void beat(), beatMs)
  const stopListening = queue.onChange((id) => {
    if (id === attempt.id || id === null) void beat()
  })
  return () => {
    clearInterval(timer)
    stopListening()
  }
}

function isTakenOver(error: unknown): boolean {
  return error instanceof Failure && error.code === 'WORKFLOW_TAKEN_OVER'
}
