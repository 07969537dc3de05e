import type { Run } from './run.ts'

/** Parts of one work that go on at the same time. */
export interface Together {
  /** For every part: its signal is also given when another part has failed */
  run: Run
  /** Runs one part. What fails first is what every part that is still at work fails with, once it has noticed. */
  part<T>(work: () => Promise<T>): Promise<T>
  /** Something beside the parts has failed */
  fail(error: unknown): void
}

export function together(run: Run): Together {
  const failing = new AbortController()
  let first: { error: unknown } | null = null
  const fail = (error: unknown): void => {
    first ??= { error }
    failing.abort()
  }
  return {
    fail,
    run: { ...run, signal: AbortSignal.any([run.signal, failing.signal]) },
    async part(work) {
      try {
        return await work()
      } catch (error) {
        fail(error)
        throw first?.error
      }
    },
  }
}
