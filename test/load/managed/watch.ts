import { setTimeout as sleep } from 'node:timers/promises'
import { visit } from './talk.ts'

/** One answer of a site that tells what it is made of. */
export interface Seen {
  status: number
  /** Of the code that ran, of the configuration, and the marks in database and files; null for what is no such page */
  told: { code: number; release: number; database: string; files: string } | null
  text: string
  begun: number
  ended: number
}

export interface Watch {
  seen: Seen[]
  stop(): Promise<void>
}

/** More would only stand in the queue of a slow machine, until nginx has no connections left for anybody. */
const waitingMax = 16

/** Asks a page every so many milliseconds, whether those before were answered or not; 0 asks one after the other. */
export function startWatch(url: string, port: number, everyMs: number): Watch {
  const seen: Seen[] = []
  const running = new Set<Promise<void>>()
  let isOver = false
  const ask = async (): Promise<void> => {
    const begun = Date.now()
    const { status, text } = await visit(url, port).catch((error: unknown) => ({ status: 0, text: String(error) }))
    seen.push({ status, told: status === 200 ? (JSON.parse(text) as Seen['told']) : null, text, begun, ended: Date.now() })
  }
  const asking = (async () => {
    while (!isOver) {
      if (running.size >= waitingMax) await Promise.race(running)
      const one = ask().catch((error: unknown) => void seen.push(broken(error)))
      running.add(one)
      void one.finally(() => running.delete(one))
      await (everyMs === 0 ? one.then(() => sleep(5)) : sleep(everyMs)) // an answer of 503 costs nothing: they would be all
    }
  })()
  return {
    seen,
    async stop() {
      isOver = true
      await asking
      await Promise.all(running)
    },
  }
}

function broken(error: unknown): Seen {
  return { status: 0, told: null, text: String(error), begun: Date.now(), ended: Date.now() }
}

/** One switch of a site: from when to when its step ran, and what was current behind it. */
export interface Switch {
  says: string
  began: number
  ended: number
  release: number
  maintenanceMs: number | null
}

/**
 * What answers do not fit to the switches, in words: anything but 200 outside of them, anything but 200 and 503 in them, a
 * mixture of two releases, a release that was not current.
 */
export function misfits(seen: readonly Seen[], first: number, switches: readonly Switch[]): string[] {
  const found: string[] = []
  const madeOf = new Map<number, string>()
  for (const answer of seen) {
    const { status, told, text, begun, ended } = answer
    const during = switches.find((one) => begun <= one.ended && ended >= one.began)
    const say = (what: string): void =>
      void found.push(`${what} ${during?.says ?? 'outside of switches'}: ${status} ${text.slice(0, 200)}`)
    if (status !== 200 && (status !== 503 || during === undefined)) say('an answer')
    if (told === null) continue
    const made = `${told.code} ${told.database} ${told.files}`
    if (madeOf.get(told.release) === undefined) madeOf.set(told.release, made)
    if (told.code !== told.release || madeOf.get(told.release) !== made) say('a mixture')
    const before = switches.findLast((one) => one.ended < begun)?.release ?? first
    const fits = switches.filter((one) => one.began <= ended && one.ended >= begun).map(({ release }) => release)
    if (![before, ...fits].includes(told.release)) say(`not ${before}, but another release,`)
    const since = switches.findLast((one) => one.began <= begun)
    const isBack = since !== undefined && told.release !== since.release
    if (
      isBack &&
      seen.some((other) => other.told?.release === since.release && other.begun >= since.began && other.ended < begun)
    )
      say('the old release after the new one')
  }
  return found
}
