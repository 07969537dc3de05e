import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../base/failure.ts'
import { type ErrorCode, errors } from '../contract/errors.ts'
import type { StepView, WorkflowView } from '../contract/workSchemas.ts'
import { path } from './client.ts'
import type { Context } from './context.ts'
import { durationText } from './output/human.ts'
import { progressView } from './progress.ts'

export interface WaitOptions {
  /** Give up waiting after this long; the workflow goes on */
  timeoutSeconds?: number | undefined
  /** Wait without step lines and bar */
  silent?: boolean
}

export type WaitEnd = { kind: 'finished'; workflow: WorkflowView } | { kind: 'detached'; workflow: WorkflowView }

const terminal = ['succeeded', 'failed', 'cancelled']
const pollSeconds = 20
/** The server may poll back at once while progress changes; more often than this nobody can read it */
const pauseMs = 250
/** A server that restarts takes its workflows up again: for this long we knock */
const knockMs = 120_000

/**
 * Waits until the workflow ended, showing its steps. Ctrl-C detaches: the workflow goes on, and the person is told how to
 * come back. A server that goes away is waited for: the workflow survives it.
 *
 * @throws {Failure} WAIT_TIMEOUT when `timeoutSeconds` are over; the workflow goes on
 */
export async function waitFor(context: Context, first: WorkflowView, options: WaitOptions = {}): Promise<WaitEnd> {
  const { client } = context
  const stop = new AbortController()
  let detached = false
  const unsubscribe = context.terminal.onInterrupt(() => {
    detached = true
    stop.abort()
  })
  const until = options.timeoutSeconds === undefined ? null : Date.now() + options.timeoutSeconds * 1000
  const steps = stepPrinter(context, options.silent === true)
  let workflow = first
  let knockUntil: number | null = null
  try {
    while (true) {
      steps.show(workflow)
      if (terminal.includes(workflow.state)) return { kind: 'finished', workflow }
      const leftSeconds = until === null ? pollSeconds : (until - Date.now()) / 1000
      if (leftSeconds <= 0) throw waitTimeout(workflow.id, options.timeoutSeconds ?? 0)
      const seconds = Math.min(pollSeconds, Math.max(1, Math.ceil(leftSeconds)))
      try {
        workflow = await client.get<WorkflowView>(
          path`/v1/workflows/${workflow.id}/wait`,
          { seconds, since: workflow.revision },
          stop.signal,
        )
        knockUntil = null
      } catch (error) {
        if (detached) break
        if (!(error instanceof Failure) || error.code !== 'SERVER_UNREACHABLE') throw error
        if (knockUntil === null) {
          steps.clear()
          context.say('The server does not answer; the workflow goes on when it is back. Waiting for it …')
        }
        knockUntil ??= Date.now() + knockMs
        if (Date.now() > knockUntil) throw error
        await pause(1000, stop.signal)
      }
      await pause(pauseMs, stop.signal)
      if (detached) break
    }
    return { kind: 'detached', workflow }
  } finally {
    unsubscribe()
    steps.clear()
  }
}

/**
 * The exit code for a workflow that ended: 0, or 3 with warnings. A failed one is told as the failure that it recorded.
 *
 * @throws {Failure} with the code of the workflow's failure
 */
export function exitOf(workflow: WorkflowView): number {
  if (workflow.state === 'succeeded') return workflow.warnings.length > 0 ? 3 : 0
  const hint = `"cairn workflow:info ${workflow.id}" shows its steps and its log`
  if (workflow.state === 'cancelled') {
    throw new Failure('WORKFLOW_CANCELLED', `Cannot go on: workflow ${workflow.id} was cancelled`, { hint })
  }
  const { failure } = workflow
  const code = failure !== null && Object.hasOwn(errors, failure.code) ? (failure.code as ErrorCode) : 'WORKFLOW_FAILED'
  throw new Failure(code, failure?.message ?? `Cannot finish workflow ${workflow.id}: it keeps no reason`, {
    hint: failure?.hint == null ? hint : `${failure.hint}\n${hint}`,
    details: { workflow: workflow.id },
  })
}

/** Says each warning on stderr, the first twenty of them. */
export function tellWarnings(context: Context, workflow: WorkflowView): void {
  for (const warning of workflow.warnings.slice(0, 20)) {
    const where = warning.path === null || warning.message.includes(warning.path) ? '' : ` (${warning.path})`
    context.warn(`${warning.message}${where}`)
  }
  const more = workflow.warnings.length - 20
  if (more > 0) context.warn(`and ${more} more: cairn workflow:info ${workflow.id} --field=warnings`)
}

export function tellDetached(context: Context, workflow: WorkflowView): void {
  context.say(`Workflow ${workflow.id} goes on at the server.`)
  context.say(`  see it again:  cairn workflow:watch ${workflow.id}`)
  if (workflow.cancellable) context.say(`  stop it:       cairn workflow:cancel ${workflow.id}`)
}

function waitTimeout(id: string, seconds: number): Failure {
  return new Failure('WAIT_TIMEOUT', `Cannot wait longer than ${durationText(seconds)}: workflow ${id} still runs`, {
    hint: `It goes on. "cairn workflow:watch ${id}" shows it again`,
    retry: 'later',
  })
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!isErrno(error, 'ABORT_ERR')) throw error
  }
}

/** Says once when a step ends; shows the progress of the one that runs. */
function stepPrinter(context: Context, silent: boolean): { show(workflow: WorkflowView): void; clear(): void } {
  const view = progressView(context)
  const told = new Set<string>()
  let saidQueued = false
  if (silent) return { show: () => {}, clear: () => {} }
  return {
    clear: () => view.clear(),
    show(workflow) {
      const running = workflow.steps.find((step) => step.state === 'running')
      if (workflow.state === 'queued' && running === undefined && !saidQueued) {
        saidQueued = true
        context.say(`Workflow ${workflow.id} waits for its turn`)
      }
      for (const step of workflow.steps) {
        if (step.state !== 'succeeded' || told.has(step.name)) continue
        told.add(step.name)
        view.clear()
        context.done(`${step.name}${stepTime(step)}`)
      }
      if (running === undefined) return
      const progress = running.progress ?? { doneBytes: 0, totalBytes: null, doneItems: 0, totalItems: null, note: null }
      view.show({ title: running.name, ...progress })
    },
  }
}

function stepTime(step: StepView): string {
  if (step.startedAt === null || step.finishedAt === null) return ''
  return ` (${durationText(Math.max(0, Date.parse(step.finishedAt) - Date.parse(step.startedAt)) / 1000)})`
}
