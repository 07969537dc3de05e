/** Awaits what it is given, for three minutes at most, and remembers under a name how long that took. */
export interface Stopwatch {
  <T>(name: string, work: Promise<T>): Promise<T>
  /** Seconds in all and by name, for one line of a log */
  lap(): string
}

const patienceMs = 180_000

export function startStopwatch(): Stopwatch {
  const begun = performance.now()
  const seconds: [string, number][] = []
  const measure = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const from = performance.now()
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`"${name}" hangs`)), patienceMs)
    try {
      return await Promise.race([work, late.promise])
    } finally {
      clearTimeout(timer)
      seconds.push([name, (performance.now() - from) / 1000])
    }
  }
  const lap = (): string => {
    const parts = seconds.map(([name, took]) => `${name} ${took.toFixed(1)}`)
    return `${((performance.now() - begun) / 1000).toFixed(1)} s (${parts.join(', ')})`
  }
  return Object.assign(measure, { lap })
}
