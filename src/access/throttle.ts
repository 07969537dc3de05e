import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../base/failure.ts'

const freeAttempts = 4
const firstWaitMs = 500
const longestWaitMs = 15_000
const forgetAfterMs = 30 * 60_000
const waitingMax = 20
const keysMax = 20_000

/** Who tries to log in, as far as that can be known. */
export interface Attempt {
  /** The e-mail address that was given, whether there is such an account or not */
  account: string
  address: string
  /** A browser that this account was logged in with before; nobody else can count against it */
  device: string | null
}

export interface Throttle {
  /**
   * Runs an attempt, after a wait that grows with those that failed before: for the account from wherever they came, and for the
   * address whatever the account. No attempt is refused because others failed, so nobody can lock an account for its person; a
   * known browser does not even wait. Only so many from one address wait at a time.
   *
   * @returns what `attempt` gave; null counts as failed
   * @throws {Failure} TOO_MANY_REQUESTS
   */
  run<T>(who: Attempt, attempt: () => Promise<T | null>): Promise<T | null>
}

interface Count {
  failed: number
  at: number
}

/** Counts in memory: a server that starts anew forgets, and nobody but its administrator can make it do so. */
export function openThrottle(
  wait: (milliseconds: number) => Promise<unknown> = (milliseconds) => sleep(milliseconds),
  now: () => number = Date.now,
): Throttle {
  const counts = new Map<string, Count>()
  const waiting = new Map<string, number>()

  const failedOf = (key: string): number => {
    const count = counts.get(key)
    return count === undefined || now() - count.at > forgetAfterMs ? 0 : count.failed
  }
  /** Before the attempt is made, so that many at once wait as many one after the other would. */
  const count = (key: string): void => {
    const failed = failedOf(key) + 1
    counts.delete(key) // the oldest come first
    counts.set(key, { failed, at: now() })
    const [oldest] = counts.keys()
    if (counts.size > keysMax && oldest !== undefined) counts.delete(oldest)
  }
  /** What others failed at from the same address still counts: who has an account of their own could forgive themselves. */
  const forgive = (key: string): void => {
    const found = counts.get(key)
    if (found !== undefined && key.startsWith('address ')) found.failed -= 1
    else counts.delete(key)
  }
  const enter = (address: string): void => {
    const before = waiting.get(address) ?? 0
    if (before >= waitingMax) {
      throw new Failure('TOO_MANY_REQUESTS', 'Cannot log in now: too many attempts from this address are waiting', {
        hint: `Try again in ${longestWaitMs / 1000} seconds`,
        retry: 'later',
      })
    }
    waiting.set(address, before + 1)
  }
  const leave = (address: string): void => {
    const left = (waiting.get(address) ?? 1) - 1
    if (left === 0) waiting.delete(address)
    else waiting.set(address, left)
  }

  return {
    async run({ account, address, device }, attempt) {
      const network = device === null ? networkOf(address) : `device ${device}`
      const keys = device === null ? [`account ${account}`, `address ${network}`] : [network]
      enter(network)
      try {
        const delay = Math.max(...keys.map((key) => waitMs(failedOf(key))))
        for (const key of keys) count(key)
        if (delay > 0) await wait(delay)
        const result = await attempt()
        if (result !== null) for (const key of keys) forgive(key)
        return result
      } finally {
        leave(network)
      }
    },
  }
}

/** How long the next attempt waits after so many that failed. */
export function waitMs(failed: number): number {
  return failed < freeAttempts ? 0 : Math.min(firstWaitMs * 2 ** (failed - freeAttempts), longestWaitMs)
}

/** An IPv6 address changes at will within the 64 bits that a household has. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = ''] = address.split('::')
  return `${head.split(':').slice(0, 4).join(':')}::`
}
