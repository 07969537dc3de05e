import type { Logger } from 'pino'
import { Failure } from '../base/failure.ts'

const everyMsDefault = 3_600_000

interface RetentionOptions {
  /** Puts the deletion of what is overdue into the queue */
  expire(now: Date): Promise<void>
  log: Pick<Logger, 'warn'>
  everyMs?: number
}

/**
 * Asks at once, and every hour from then on, for the deletion of what is overdue. One that fails is told, and the next tries
 * again. After `stop` has resolved nothing is asked for any more.
 */
export function startRetention({ expire, log, everyMs = everyMsDefault }: RetentionOptions): { stop(): Promise<void> } {
  let under: Promise<void> | null = null
  const ask = (): void => {
    under ??= expire(new Date())
      .catch((error: unknown) => log.warn(error instanceof Failure ? error.message : error, 'what is overdue was not deleted'))
      .finally(() => (under = null))
  }
  ask()
  const timer = setInterval(ask, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await under
    },
  }
}
