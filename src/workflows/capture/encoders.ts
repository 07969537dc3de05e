import { availableParallelism } from 'node:os'
import { rmSync } from 'node:fs'
import { Failure, failureFrom } from '../../base/failure.ts'
import { unpackChunkRefs } from '../../repository/chunkRef.ts'
import type { CodecChoice } from '../../repository/codecs/codec.ts'
import { decodeRecords } from '../../repository/packs/footer.ts'
import type { PackReceipt } from '../../repository/packs/packWriter.ts'
import { blobsOf } from '../../repository/reconcile.ts'
import type { FinishedPack, Repository, WriteSession } from '../../repository/types.ts'
import { InFlight } from './inFlight.ts'
import type { EncoderJob, EncoderResults, FromEncoder, Question, ToEncoder } from './messages.ts'
import { type WarmThread, WarmThreads } from './warmThreads.ts'

/** A job reads at most this much, or this many files, or one longer file. */
export const batchBytes = 2 << 20
export const batchFiles = 256

/** Two jobs a thread: the next batch is read while the look-up of the one before is out. */
const slotsEach = 2

type EncoderThread = WarmThread<ToEncoder, FromEncoder>
const encoderThreads = new WarmThreads<ToEncoder, FromEncoder>('encoder.thread')

/** Of all captures together: an answer to a former one is known as such */
let nextJob = 0

interface Pending {
  resolve: (result: never) => void
  reject: (error: unknown) => void
}

interface Queued {
  work: EncoderJob
  pending: Pending
}

export interface EncodersOptions {
  repository: Repository
  session: WriteSession
  codec: CodecChoice
}

/** The encoder threads of one capture, seen from the main thread: routes jobs, answers look-ups, records packs. */
export class Encoders {
  readonly #session: WriteSession
  readonly #inFlight: InFlight
  readonly #threads: EncoderThread[]
  readonly #free: { thread: EncoderThread; slot: number }[] = []
  readonly #queue: Queued[] = []
  readonly #running = new Map<number, Pending & { thread: EncoderThread; slot: number }>()
  readonly #temporaries = new Set<string>()
  readonly #finishing = new Map<EncoderThread, () => void>()
  readonly #recording = new Set<Promise<void>>()
  #failure: unknown = null
  #onFailure: (error: unknown) => void = () => {}
  /** Rejects with the first failure of any thread; never resolves */
  readonly failed: Promise<never>

  private constructor(options: EncodersOptions, threads: EncoderThread[]) {
    this.#session = options.session
    this.#inFlight = new InFlight(options.session)
    this.#threads = threads
    this.failed = new Promise((_, reject) => void (this.#onFailure = reject))
    this.failed.catch(() => {})
    for (const thread of threads) {
      thread.onMessage = (message) => this.#hear(thread, message)
      thread.onDeath = (error) => this.#fail(error)
      const { directory, keys, instance } = options.repository
      thread.tell({ t: 'begin', batchBytes, options: { directory, key: keys.key, instance, codec: options.codec } })
    }
    // all first slots before any second one
    for (let slot = 0; slot < slotsEach; slot++) for (const thread of threads) this.#free.push({ thread, slot })
  }

  static start(options: EncodersOptions): Encoders {
    return new Encoders(
      options,
      Array.from({ length: availableParallelism() }, () => encoderThreads.take()),
    )
  }

  submit<K extends EncoderJob['kind']>(work: Extract<EncoderJob, { kind: K }>): Promise<EncoderResults[K]> {
    const result = new Promise<EncoderResults[K]>((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      this.#queue.push({ work, pending: { resolve: resolve as (result: never) => void, reject } })
    })
    result.catch(() => {}) // a failure is heard through `failed`
    this.#pump()
    return result
  }

  /** Closes all packs and resolves when they are durable and recorded. More jobs may follow. */
  async finish(): Promise<void> {
    const closed = this.#threads.map(
      (thread) =>
        new Promise<void>((resolve) => {
          this.#finishing.set(thread, resolve)
          thread.tell({ t: 'finish' })
        }),
    )
    await Promise.race([Promise.all(closed), this.failed])
    while (this.#recording.size > 0) await Promise.race([Promise.all(this.#recording), this.failed])
    if (this.#failure !== null) throw this.#failure
  }

  /** Gives the threads back for the next capture. */
  release(): void {
    for (const thread of this.#threads.splice(0)) encoderThreads.giveBack(thread)
  }

  /** Drops everything that is not finished. No thread writes afterwards, and no temporary file is left. Nothing after `release`. */
  async abort(): Promise<void> {
    this.#fail(new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the capture was stopped'))
    await Promise.all(this.#threads.splice(0).map((thread) => this.#stop(thread)))
    await Promise.allSettled(this.#recording)
    for (const path of this.#temporaries) rmSync(path, { force: true })
  }

  /** Asks the thread to stop; one that does not answer, in the middle of a read that hangs, is ended. */
  async #stop(thread: EncoderThread): Promise<void> {
    const answered = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), abortMs)
      const done = (answer: boolean): void => {
        clearTimeout(timer)
        resolve(answer)
      }
      thread.onMessage = (message) => {
        if (message.t === 'aborted') done(true)
      }
      thread.onDeath = () => done(false)
      thread.tell({ t: 'abort' })
    })
    if (answered) encoderThreads.giveBack(thread)
    else await thread.terminate()
  }

  #pump(): void {
    while (this.#failure === null && this.#queue.length > 0 && this.#free.length > 0) {
      const { work, pending } = this.#queue.shift() as Queued
      const { thread, slot } = this.#free.shift() as { thread: EncoderThread; slot: number }
      const job = nextJob++
      this.#running.set(job, { ...pending, thread, slot })
      thread.tell({ t: 'job', job, slot, work })
    }
  }

  #hear(thread: EncoderThread, message: FromEncoder): void {
    switch (message.t) {
      case 'done': {
        const running = this.#running.get(message.job)
        if (running === undefined || running.thread !== thread || running.slot !== message.slot)
          return this.#fail(new Error(`an encoder answered job ${message.job}, which it was not given`))
        this.#running.delete(message.job)
        this.#free.push({ thread, slot: message.slot })
        running.resolve(message.result as never)
        this.#pump()
        return
      }
      case 'ask':
        void this.#answer(message.question).then(
          (answer) => thread.tell({ t: 'answer', ask: message.ask, answer }),
          (error: unknown) => this.#fail(error),
        )
        return
      case 'encoded':
        this.#inFlight.encoded(message.ids, message.known)
        return
      case 'temporary':
        this.#temporaries.add(message.path)
        return
      case 'pack':
        this.#record(message.pack)
        return
      case 'finished':
        this.#finishing.get(thread)?.()
        return
      case 'failed':
        this.#fail(threadFailure(message.failure, message.stack))
        return
      case 'ready':
      case 'aborted':
    }
  }

  async #answer(question: Question) {
    switch (question.kind) {
      case 'find':
        return this.#inFlight.find(question.ids)
      case 'wait':
        return this.#inFlight.wait(question.ids)
      case 'pin':
        return Uint32Array.from(await this.#session.pin(unpackChunkRefs(question.refs)))
    }
  }

  #record(receipt: PackReceipt): void {
    const pack: FinishedPack = {
      name: receipt.name,
      lengthBytes: receipt.lengthBytes,
      sha256: Buffer.from(receipt.sha256),
      blobs: blobsOf(decodeRecords(receipt.records)),
    }
    const recording = this.#session.addPack(pack).then(
      () => {
        this.#inFlight.recorded(pack)
        this.#recording.delete(recording)
      },
      (error: unknown) => {
        this.#recording.delete(recording)
        this.#fail(error)
      },
    )
    this.#recording.add(recording)
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = error
    for (const { reject } of this.#running.values()) reject(error)
    for (const { pending } of this.#queue.splice(0)) pending.reject(error)
    this.#onFailure(error)
  }
}

const abortMs = 5_000

export function threadFailure(record: Parameters<typeof failureFrom>[0], stack: string | null): Error {
  if (record.code !== 'INTERNAL') return failureFrom(record)
  const error = new Error(record.message)
  if (stack !== null) error.stack = stack
  return error
}
