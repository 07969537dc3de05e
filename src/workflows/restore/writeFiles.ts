import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { failureFrom } from '../../base/failure.ts'
import { threadFile } from '../../base/threads.ts'
import type { FetchJob } from '../../releases/apply/types.ts'
import type { KnownCopies } from '../../releases/managed/copyKnown.ts'
import type { Repository, StoredEntry } from '../../repository/types.ts'
import { type CompareFile, compareFileOf, type FileAnswer, type FileJob, packChunks, writeFileOf } from './fileJobs.ts'

const jobBytesMax = 1 << 20
const jobFilesMax = 128

/** Threads that write files from the repository and compare files with it, as many as cores. */
export interface FileThreads {
  /**
   * Writes each file anew with content, owner, mode and time; every chunk is compared with its id. The files are not synced:
   * one `sync -f` behind all of them costs less.
   *
   * @throws {Failure} CHUNK_DAMAGED, CHUNK_MISSING, VERIFY_FAILED, SPACE_LACKING; some files may have been written
   */
  write(jobs: readonly FetchJob<StoredEntry>[]): Promise<void>
  /** Whether the file at `path` has the content of `entry`. False when it is gone, no file, or cannot be read. */
  isSame(entry: StoredEntry, path: Buffer): Promise<boolean>
  /** See `copyKnown`: for each file whether it was copied */
  copy(copies: KnownCopies): Promise<boolean[]>
  close(): Promise<void>
}

/** @param startsNow whether there will be work for all of them: they start beside what comes before it */
export function openFileThreads(
  repository: Pick<Repository, 'directory' | 'keys' | 'locate'>,
  { startsNow = false } = {},
): FileThreads {
  const threads: Thread[] = []
  const data = { directory: repository.directory, key: repository.keys.key }
  const compares = new CompareQueue(run)
  let nextJob = 0
  while (startsNow && threads.length < threadsMax) startThread(threads, data).worker.unref()

  function run(job: FileJobBody): Promise<boolean[]> {
    const free = threads.find((thread) => thread.waiting.size === 0)
    const thread =
      free ??
      (threads.length < threadsMax
        ? startThread(threads, data)
        : threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a)))
    const id = nextJob++
    const result = new Promise<boolean[]>((resolve, reject) => void thread.waiting.set(id, { resolve, reject }))
    thread.worker.ref()
    thread.worker.postMessage({ job: id, ...job } satisfies FileJob)
    return result
  }

  return {
    async write(jobs) {
      await inParallel(bundle(jobs), threadsMax * 2, async (files) => {
        const refs = files.flatMap((file) => file.entry.chunks)
        const locations = await repository.locate(refs)
        await run({ kind: 'write', files: files.map(writeFileOf), chunks: packChunks(refs, locations) })
      })
    },
    isSame: (entry, path) => compares.add(compareFileOf(entry, path)),
    copy: (copies) => run({ kind: 'copy', copies }),
    async close() {
      await Promise.all(threads.splice(0).map((thread) => thread.worker.terminate()))
    },
  }
}

const threadsMax = Math.max(2, availableParallelism())

type FileJobBody = FileJob extends infer Job ? (Job extends FileJob ? Omit<Job, 'job'> : never) : never

interface Waiting {
  resolve(same: boolean[]): void
  reject(error: Error): void
}

interface Thread {
  worker: Worker
  waiting: Map<number, Waiting>
}

function startThread(threads: Thread[], workerData: { directory: string; key: unknown }): Thread {
  // a small young generation: what a thread drops is buffers, and they live until the next scavenge
  const worker = new Worker(threadFile(import.meta.url, 'writeFiles.thread'), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: 3 },
  })
  const thread: Thread = { worker, waiting: new Map() }
  let cause: unknown
  worker.on('message', (answer: FileAnswer) => {
    const waiting = thread.waiting.get(answer.job)
    thread.waiting.delete(answer.job)
    if ('same' in answer) waiting?.resolve(answer.same)
    else waiting?.reject(failureFrom(answer.failure))
    if (thread.waiting.size === 0) worker.unref()
  })
  worker.on('error', (error) => void (cause = error))
  worker.on('exit', () => {
    const index = threads.indexOf(thread)
    if (index >= 0) threads.splice(index, 1)
    for (const waiting of thread.waiting.values()) waiting.reject(new Error('a thread that writes files ended', { cause }))
    thread.waiting.clear()
  })
  threads.push(thread)
  return thread
}

/** Jobs of at most 1 MiB or 128 files; a larger file is a job of its own. */
function* bundle(jobs: readonly FetchJob<StoredEntry>[]): Generator<FetchJob<StoredEntry>[]> {
  let files: FetchJob<StoredEntry>[] = []
  let bytes = 0
  for (const job of jobs) {
    if (files.length > 0 && (files.length >= jobFilesMax || bytes + job.entry.sizeBytes > jobBytesMax)) {
      yield files
      files = []
      bytes = 0
    }
    files.push(job)
    bytes += job.entry.sizeBytes
  }
  if (files.length > 0) yield files
}

/** Works on `width` items at a time. After the first error no new item is begun; it is thrown when the others have ended. */
async function inParallel<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const source = items[Symbol.iterator]()
  let failed = false
  const lane = async (): Promise<void> => {
    for (let step = source.next(); step.done !== true && !failed; step = source.next()) {
      try {
        await work(step.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: width }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Collects what is asked in one turn of the event loop, so that a message to a thread carries many small files. */
class CompareQueue {
  readonly #run: (job: FileJobBody) => Promise<boolean[]>
  #files: CompareFile[] = []
  #waiting: { resolve(same: boolean): void; reject(error: unknown): void }[] = []
  #bytes = 0
  #planned = false

  constructor(run: (job: FileJobBody) => Promise<boolean[]>) {
    this.#run = run
  }

  add(file: CompareFile): Promise<boolean> {
    if (this.#files.length >= jobFilesMax || this.#bytes + file.sizeBytes > jobBytesMax) this.#send()
    this.#files.push(file)
    this.#bytes += file.sizeBytes
    const result = new Promise<boolean>((resolve, reject) => void this.#waiting.push({ resolve, reject }))
    if (!this.#planned) {
      this.#planned = true
      setImmediate(() => {
        this.#planned = false
        this.#send()
      })
    }
    return result
  }

  #send(): void {
    const files = this.#files
    const waiting = this.#waiting
    this.#files = []
    this.#waiting = []
    this.#bytes = 0
    if (files.length === 0) return
    this.#run({ kind: 'compare', files }).then(
      (same) => waiting.forEach((each, index) => each.resolve(same[index] === true)),
      (error: unknown) => waiting.forEach((each) => each.reject(error)),
    )
  }
}
