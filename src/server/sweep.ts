import type { Logger } from 'pino'
import { Failure } from '../base/failure.ts'

const everyMsDefault = 3_600_000

export interface Chore {
  /** What is left undone when it fails, as a sentence */
  otherwise: string
  run(): Promise<void>
}

interface SweepOptions {
  /** Done one after the other */
  chores: readonly Chore[]
  log: Pick<Logger, 'warn'>
  everyMs?: number
}

/**
 * Does its chores at once, and every hour from then on. One that fails is told, keeps no other one from being done, and is tried
 * again the next time. After `stop` has resolved nothing is done any more.
 */
export function startSweep({ chores, log, everyMs = everyMsDefault }: SweepOptions): { stop(): Promise<void> } {
  let isStopping = false
  let under: Promise<void> | null = null
  const sweep = async (): Promise<void> => {
    for (const { otherwise, run } of chores) {
      if (isStopping) return
      await run().catch((error: unknown) => log.warn(error instanceof Failure ? error.message : error, otherwise))
    }
  }
  const ask = (): void => {
    under ??= sweep().finally(() => (under = null))
  }
  ask()
  const timer = setInterval(ask, everyMs)
  timer.unref()
  return {
    async stop() {
      isStopping = true
      clearInterval(timer)
      await under
    },
  }
}
