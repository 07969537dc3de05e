import { Failure } from '../../base/failure.ts'

/** Why a request wants the lock to itself: told to the one that has it, which ends as soon as it can. */
type Leave = () => Promise<void> | void

interface Waiting {
  leave: Leave
  go: () => void
}

const waitMsMax = 30_000

/**
 * One request at a time for each upload, first come first served; the shape is the one that tus asks for. Whoever waits asks
 * the holder to leave: the connection of a client that went away may look alive for minutes.
 */
export class UploadLocks {
  readonly #held = new Map<string, { leave: Leave; waiting: Waiting[] }>()

  newLock(id: string): { lock(signal: AbortSignal, leave: Leave): Promise<void>; unlock(): Promise<void> } {
    return { lock: (signal, leave) => this.#lock(id, signal, leave), unlock: async () => this.#unlock(id) }
  }

  /** @throws {Failure} UPLOAD_INCOMPLETE when a request that sends bytes does not leave in time */
  async during<T>(id: string, work: () => Promise<T>): Promise<T> {
    await this.#lock(id, new AbortController().signal, () => {})
    try {
      return await work()
    } finally {
      this.#unlock(id)
    }
  }

  async #lock(id: string, signal: AbortSignal, leave: Leave): Promise<void> {
    const held = this.#held.get(id)
    if (held === undefined) {
      this.#held.set(id, { leave, waiting: [] })
      return
    }
    await held.leave()
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { leave, go: () => end(resolve) }
      const give = (): void => {
        const place = held.waiting.indexOf(waiting)
        if (place >= 0) held.waiting.splice(place, 1)
        end(() =>
          reject(
            new Failure('UPLOAD_INCOMPLETE', `Cannot go on with the upload "${id}": another request sends its bytes`, {
              retry: 'later',
            }),
          ),
        )
      }
      const timer = setTimeout(give, waitMsMax)
      const end = (how: () => void): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', give)
        how()
      }
      signal.addEventListener('abort', give, { once: true })
      held.waiting.push(waiting)
    })
  }

  #unlock(id: string): void {
    const held = this.#held.get(id)
    const next = held?.waiting.shift()
    if (held === undefined || next === undefined) {
      this.#held.delete(id)
      return
    }
    held.leave = next.leave
    if (held.waiting.length > 0) void next.leave()
    next.go()
  }
}
