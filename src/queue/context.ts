import { Failure, failureRecord } from '../base/failure.ts'
import { type Run, stopIfCancelled } from '../base/run.ts'
import type { Row } from '../state/tables.ts'
import type { Attempt } from './attempt.ts'
import { Unfinished, type WorkflowContext } from './define.ts'
import { StepProgress } from './progress.ts'

/** What a definition's `run` gets. `settle` waits for what `log` and `warn` still write. */
export interface RunningContext extends WorkflowContext {
  settle(): Promise<void>
  readonly pastReturn: boolean
}

/** @param lose called when a write finds that the attempt no longer counts, or cannot be made */
export async function makeContext(
  attempt: Attempt,
  row: Pick<Row<'workflow'>, 'actor' | 'cancellable'>,
  signal: AbortSignal,
  lose: (error: unknown) => void,
): Promise<RunningContext> {
  const stored = new Map((await attempt.steps()).map((step) => [step.name, step]))
  const called = new Set<string>()
  let pastReturn = !row.cancellable
  let writes: Promise<void> = Promise.resolve()
  const later = (write: () => Promise<void>): void => void (writes = writes.then(write).catch(lose))

  const runFor = (progress: StepProgress | null): Run => ({
    signal,
    now: () => new Date(),
    progress: (change) => progress?.merge(change),
    log: (level, message) => later(() => attempt.log(level, message)),
    warn: (warning) => later(() => attempt.warn(warning)),
  })

  const run = runFor(null)

  const step = async <T>(name: string, work: (run: Run) => Promise<T>): Promise<T> => {
    if (called.has(name)) throw new Error(`two steps of one workflow are named "${name}"`)
    called.add(name)
    const before = stored.get(name)
    if (before?.state === 'succeeded') return before.output as T
    if (!pastReturn) stopIfCancelled(run)
    await attempt.startStep(name, called.size)
    const progress = new StepProgress((latest) => later(() => attempt.setProgress(name, latest)))
    try {
      const output = asStored(await work(runFor(progress)))
      progress.stop()
      await writes
      await attempt.finishStep(name, { state: 'succeeded', output, progress: progress.latest })
      return output
    } catch (error) {
      progress.stop()
      await writes
      if (error instanceof Unfinished) {
        if (progress.latest !== null) await attempt.setProgress(name, progress.latest)
      } else if (!isInterruption(signal)) {
        const state = isCancel(error, signal) ? 'cancelled' : 'failed'
        await attempt.finishStep(name, { state, failure: failureRecord(error), progress: progress.latest })
      }
      throw error
    }
  }

  return {
    id: attempt.id,
    actor: row.actor,
    attempt: attempt.number,
    run,
    step,
    async pointOfNoReturn() {
      if (!pastReturn) stopIfCancelled(run)
      if (await attempt.pointOfNoReturn()) pastReturn = true
      else throw new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the workflow was cancelled')
    },
    fence: () => attempt.fence(),
    settle: () => writes,
    get pastReturn() {
      return pastReturn
    },
  }
}

/** Why a run was told to stop: on somebody's wish, because the worker ends, or because the attempt no longer counts. */
export type StopReason = 'cancel' | 'shutdown' | 'lost'

export function isCancel(error: unknown, signal: AbortSignal): boolean {
  return signal.reason === ('cancel' satisfies StopReason) || (error instanceof Failure && error.code === 'WORKFLOW_CANCELLED')
}

/** Stopped without an end: the step stays as it is, for the next attempt to repeat. */
function isInterruption(signal: AbortSignal): boolean {
  return signal.reason === ('shutdown' satisfies StopReason) || signal.reason === ('lost' satisfies StopReason)
}

/** A first run gets what a later attempt would: the value after its way through JSON. */
function asStored<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}
