import { Worker } from 'node:worker_threads'
import { threadFile } from '../../base/threads.ts'

/** How long threads without work are kept: the next element of a backup starts at once, an idle server is small. */
const idleMs = 30_000

/** Buffers of zlib live until a scavenge: a small young generation keeps a thread small (373 to 257 MB). */
const youngGenerationMb = 3

export interface WarmThread<To, From> {
  tell(message: To): void
  onMessage: (message: From) => void
  /** The thread ended by itself */
  onDeath: (error: Error) => void
  terminate(): Promise<void>
}

interface Kept<To, From> extends WarmThread<To, From> {
  worker: Worker
  idle: NodeJS.Timeout | null
}

const pools: WarmThreads<never, never>[] = []

/** Threads of one kind. Starting one costs a third of a second of CPU from a checkout, so they are used again. */
export class WarmThreads<To, From> {
  readonly #name: string
  readonly #idle: Kept<To, From>[] = []

  /** @param name of the file beside this one, without its ending */
  constructor(name: string) {
    this.#name = name
    pools.push(this as unknown as WarmThreads<never, never>)
  }

  /** Takes a thread that is idle, or starts one. */
  take(): WarmThread<To, From> {
    const thread = this.#idle.pop() ?? this.#start()
    if (thread.idle !== null) clearTimeout(thread.idle)
    thread.idle = null
    thread.worker.ref()
    return thread
  }

  /** Gives back a thread that has nothing left to do. */
  giveBack(thread: WarmThread<To, From>): void {
    const kept = thread as Kept<To, From>
    // two captures would work in one thread, and read into the same memory
    if (this.#idle.includes(kept)) throw new Error(`thread "${this.#name}" was given back twice`)
    kept.onMessage = () => {}
    kept.onDeath = () => {}
    kept.worker.unref()
    this.#idle.push(kept)
    kept.idle = setTimeout(() => {
      this.#forget(kept)
      void kept.terminate()
    }, idleMs)
    kept.idle.unref()
  }

  async stopIdle(): Promise<void> {
    const threads = this.#idle.splice(0)
    for (const { idle } of threads) if (idle !== null) clearTimeout(idle)
    await Promise.all(threads.map((thread) => thread.terminate()))
  }

  #start(): Kept<To, From> {
    const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMb }
    const worker = new Worker(threadFile(import.meta.url, this.#name), { resourceLimits })
    const thread: Kept<To, From> = {
      worker,
      idle: null,
      tell: (message) => worker.postMessage(message),
      onMessage: () => {},
      onDeath: () => {},
      terminate: async () => void (await worker.terminate()),
    }
    worker.on('message', (message: From) => thread.onMessage(message))
    worker.on('error', (error) => thread.onDeath(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => {
      this.#forget(thread)
      thread.onDeath(new Error(`thread "${this.#name}" ended by itself, with code ${code}`))
    })
    return thread
  }

  #forget(thread: Kept<To, From>): void {
    const place = this.#idle.indexOf(thread)
    if (place >= 0) this.#idle.splice(place, 1)
  }
}

/** Ends all idle threads at once, for an orderly stop. */
export async function stopIdleThreads(): Promise<void> {
  await Promise.all(pools.map((pool) => pool.stopIdle()))
}
