import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type FailureRecord, failureFrom } from '../base/failure.ts'
import { threadFile } from '../base/threads.ts'
import { refsOf, type Segment } from './archiveSpans.ts'
import { packChunkRefs } from './chunkRef.ts'
import type { RepositoryKey } from './keys.ts'
import type { ChunkLocation } from './types.ts'

/** One span on its way to a thread: fragments by their references, glue as plain bytes, in flat arrays that copy quickly. */
export interface SpanJob {
  job: number
  /** For each segment the length of its glue, or -1 for the next fragment */
  order: Int32Array<ArrayBuffer>
  glue: Uint8Array
  refs: Uint8Array
  packs: string[]
  /** For each fragment: index in `packs`, offset, stored length */
  places: Float64Array<ArrayBuffer>
}

export type SpanAnswer = { job: number; bytes: Uint8Array } | { job: number; failure: FailureRecord }

export interface SpanThreadData {
  directory: string
  key: RepositoryKey
}

interface Waiting {
  resolve(bytes: Buffer): void
  reject(error: Error): void
}

interface Thread {
  worker: Worker
  waiting: Map<number, Waiting>
}

/**
 * Threads that read, open and join fragments, as many as cores but at most four, shared by all downloads of one repository. They start with
 * the first span and end when none was asked for in a while; they keep no process alive that has nothing else to do.
 */
export class SpanThreads {
  /** Spans that one reader may have under way: enough that no thread waits for it */
  readonly width = threadsMax * 3
  readonly #data: SpanThreadData
  readonly #threads: Thread[] = []
  #nextJob = 0
  #idle: NodeJS.Timeout | undefined

  constructor(data: SpanThreadData) {
    this.#data = data
  }

  /** @throws {Failure} CHUNK_DAMAGED, CHUNK_MISSING when a pack is not where `locations` says */
  make(segments: readonly Segment[], locations: readonly ChunkLocation[]): Promise<Buffer> {
    clearTimeout(this.#idle)
    const thread = this.#leastBusy()
    const job = this.#nextJob++
    const result = new Promise<Buffer>((resolve, reject) => void thread.waiting.set(job, { resolve, reject }))
    thread.worker.ref()
    const packed = packJob(job, segments, locations)
    thread.worker.postMessage(packed, [packed.order.buffer, packed.places.buffer])
    return result
  }

  /** Ends the threads; spans under way fail. */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    await Promise.all(this.#threads.splice(0).map((thread) => thread.worker.terminate()))
  }

  #leastBusy(): Thread {
    const free = this.#threads.find((thread) => thread.waiting.size === 0)
    if (free !== undefined) return free
    if (this.#threads.length < threadsMax) return this.#start()
    return this.#threads.reduce((best, thread) => (thread.waiting.size < best.waiting.size ? thread : best))
  }

  #start(): Thread {
    // A small young generation: what a thread drops is buffers, and they live until the next scavenge.
    const worker = new Worker(threadFile(import.meta.url, 'span.thread'), {
      workerData: this.#data,
      resourceLimits: { maxYoungGenerationSizeMb: 3 },
    })
    const thread: Thread = { worker, waiting: new Map() }
    let cause: unknown
    worker.on('message', (answer: SpanAnswer) => {
      const waiting = thread.waiting.get(answer.job)
      thread.waiting.delete(answer.job)
      if ('bytes' in answer) waiting?.resolve(Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.length))
      else waiting?.reject(failureFrom(answer.failure))
      if (thread.waiting.size === 0) worker.unref()
      this.#endWhenIdle()
    })
    worker.on('error', (error) => void (cause = error))
    worker.on('exit', () => {
      const index = this.#threads.indexOf(thread)
      if (index >= 0) this.#threads.splice(index, 1)
      for (const waiting of thread.waiting.values()) waiting.reject(new Error('a thread that joins archives ended', { cause }))
    })
    this.#threads.push(thread)
    return thread
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle)
    if (this.#threads.some((thread) => thread.waiting.size > 0)) return
    this.#idle = setTimeout(() => void this.close(), idleMs).unref()
  }
}

/** The threads of one repository; the same ones for the same directory and key. */
export function spanThreads(directory: string, key: RepositoryKey): SpanThreads {
  const name = `${key.repositoryId} ${directory}`
  const known = all.get(name)
  if (known !== undefined) return known
  const threads = new SpanThreads({ directory, key })
  all.set(name, threads)
  return threads
}

const all = new Map<string, SpanThreads>()
const threadsMax = Math.min(4, Math.max(2, availableParallelism()))
const idleMs = 60_000

function packJob(job: number, segments: readonly Segment[], locations: readonly ChunkLocation[]): SpanJob {
  const glue = segments.filter((segment) => Buffer.isBuffer(segment))
  const packs = [...new Set(locations.map((location) => location.pack))]
  const places = new Float64Array(locations.length * 3)
  for (const [index, location] of locations.entries()) {
    places.set([packs.indexOf(location.pack), location.offset, location.storedLen], index * 3)
  }
  return {
    job,
    order: Int32Array.from(segments, (segment) => (Buffer.isBuffer(segment) ? segment.length : -1)),
    glue: Buffer.concat(glue),
    refs: packChunkRefs(refsOf(segments)),
    packs,
    places,
  }
}
