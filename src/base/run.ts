import type { Progress, Warning } from '../contract/words.ts'
import { Failure } from './failure.ts'

/** What travels with every piece of long work: when to stop, what time it is, where to say how far it is. */
export interface Run {
  readonly signal: AbortSignal
  now(): Date
  /** Merges what is given into the step's progress; cheap to call often, written at most once a second */
  progress(change: Partial<Progress>): void
  log(level: 'info' | 'warn' | 'error', message: string): void
  warn(warning: Warning): void
}

/** A run that nobody watches: for tests and short work. */
export function quietRun(signal: AbortSignal = new AbortController().signal): Run & { warnings: Warning[]; lines: string[] } {
  const warnings: Warning[] = []
  const lines: string[] = []
  return {
    signal,
    warnings,
    lines,
    now: () => new Date(),
    progress: () => {},
    log: (_level, message) => void lines.push(message),
    warn: (warning) => void warnings.push(warning),
  }
}

/** @throws {Failure} WORKFLOW_CANCELLED once the signal was given */
export function stopIfCancelled(run: Run): void {
  if (run.signal.aborted) throw new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the workflow was cancelled')
}
