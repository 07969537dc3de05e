import { Worker } from 'node:worker_threads'
import { threadFile } from '../../base/threads.ts'
import type { FromEncoder, ToEncoder } from './messages.ts'

/** How long encoders without work are kept: the next element of a backup starts at once, an idle server is small. */
const idleMs = 30_000

/** Buffers of zlib live until a scavenge: a small young generation keeps a thread small (373 to 257 MB). */
const youngGenerationMb = 3

export interface EncoderThread {
  worker: Worker
  /** Hears everything but `ready`; `dead` is told once, when the thread ends by itself */
  onMessage: (message: FromEncoder) => void
  onDeath: (error: Error) => void
  idle: NodeJS.Timeout | null
}

const idleThreads: EncoderThread[] = []

/** Takes threads that are idle, starts those that lack. */
export async function takeEncoders(count: number): Promise<EncoderThread[]> {
  const threads = idleThreads.splice(0, count)
  for (const thread of threads) {
    if (thread.idle !== null) clearTimeout(thread.idle)
    thread.idle = null
    thread.worker.ref()
  }
  while (threads.length < count) threads.push(startEncoder())
  return threads
}

export function tell(thread: EncoderThread, message: ToEncoder): void {
  thread.worker.postMessage(message)
}

/** Gives a thread back that has answered `finished` or `aborted`. */
export function giveBack(thread: EncoderThread): void {
  thread.onMessage = () => {}
  thread.onDeath = () => {}
  thread.worker.unref()
  idleThreads.push(thread)
  thread.idle = setTimeout(() => {
    idleThreads.splice(idleThreads.indexOf(thread), 1)
    void thread.worker.terminate()
  }, idleMs)
  thread.idle.unref()
}

/** Ends all idle threads at once, for an orderly stop. */
export async function stopIdleEncoders(): Promise<void> {
  const threads = idleThreads.splice(0)
  for (const thread of threads) if (thread.idle !== null) clearTimeout(thread.idle)
  await Promise.all(threads.map((thread) => thread.worker.terminate()))
}

function startEncoder(): EncoderThread {
  const worker = new Worker(threadFile(import.meta.url, 'encoder.thread'), {
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  })
  const thread: EncoderThread = { worker, onMessage: () => {}, onDeath: () => {}, idle: null }
  worker.on('message', (message: FromEncoder) => thread.onMessage(message))
  worker.on('error', (error) => thread.onDeath(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => {
    const place = idleThreads.indexOf(thread)
    if (place >= 0) idleThreads.splice(place, 1)
    thread.onDeath(new Error(`an encoder thread ended with code ${code}`))
  })
  return thread
}
