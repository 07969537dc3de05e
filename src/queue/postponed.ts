/** Workflows of this process that wait until they are tried again. After a restart each is tried at once. */
export interface Postponed {
  /** Whether the time of this one has not come */
  waits(id: string): boolean
  /** @returns how long it waits, in ms: twice as long as the last time */
  put(id: string): number
  /** It has ended */
  forget(id: string): void
  stop(): void
}

interface Waiting {
  tries: number
  timer: NodeJS.Timeout | null
}

export function makePostponed({ first, most }: { first: number; most: number }, wake: (id: string) => void): Postponed {
  const all = new Map<string, Waiting>()
  let stopped = false
  return {
    waits: (id) => (all.get(id)?.timer ?? null) !== null,
    put(id) {
      const tries = (all.get(id)?.tries ?? 0) + 1
      const delayMs = Math.min(most, first * 2 ** (tries - 1))
      const waiting: Waiting = { tries, timer: null }
      all.set(id, waiting)
      if (stopped) return delayMs
      waiting.timer = setTimeout(() => {
        waiting.timer = null
        wake(id)
      }, delayMs)
      return delayMs
    },
    forget: (id) => void all.delete(id),
    stop() {
      stopped = true
      for (const { timer } of all.values()) if (timer !== null) clearTimeout(timer)
    },
  }
}
