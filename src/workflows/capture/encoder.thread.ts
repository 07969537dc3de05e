// An encoder does everything for its job: open, read, cut, name, look up, deflate, prove, seal, append to its own pack file.
import { parentPort } from 'node:worker_threads'
import { failureRecord } from '../../base/failure.ts'
import { blobTypes } from '../../repository/keys.ts'
import { ChunkStore } from '../../repository/threads/chunkStore.ts'
import { encodeFiles, Slot } from './encodeFiles.ts'
import { encodePageJob } from './encodePage.ts'
import type { EncoderJob, EncoderResults, FindAnswer, FromEncoder, Question, ToEncoder } from './messages.ts'
import { type Asker, storeBlob, storeChunks } from './storeChunks.ts'

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort
const say = (message: FromEncoder, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

let store: ChunkStore | null = null
let batchBytes = 0
let scanStartNs = 0n
const slots = new Map<number, Slot>()
const open = new Map<number, (answer: never) => void>()
let asked = 0

function question<T>(kind: Question): Promise<T> {
  const ask = asked++
  return new Promise<T>((resolve) => {
    open.set(ask, resolve as (answer: never) => void)
    say({ t: 'ask', ask, question: kind })
  })
}

const ask: Asker = {
  find: (kind) => question<FindAnswer>(kind),
  wait: (kind) => question<Uint8Array>(kind),
  pin: (kind) => question<Uint32Array>(kind),
  encoded: (ids, known) => say({ t: 'encoded', ids, known }),
}

port.on('message', (message: ToEncoder) => {
  handle(message).catch((error: unknown) => {
    const stack = error instanceof Error ? (error.stack ?? null) : null
    say({ t: 'failed', failure: failureRecord(error), stack })
  })
})
say({ t: 'ready' })

async function handle(message: ToEncoder): Promise<void> {
  switch (message.t) {
    case 'begin':
      batchBytes = message.batchBytes
      scanStartNs = BigInt(Date.now()) * 1_000_000n
      store = new ChunkStore(
        message.options,
        (path) => say({ t: 'temporary', path }),
        (pack) => say({ t: 'pack', pack }),
      )
      return
    case 'answer': {
      const resolve = open.get(message.ask)
      open.delete(message.ask)
      resolve?.(message.answer as never)
      return
    }
    case 'job':
      if (store === null) return // aborted
      say({ t: 'done', job: message.job, slot: message.slot, result: await work(store, message.slot, message.work) })
      return
    case 'finish':
      await store?.finish()
      say({ t: 'finished' })
      return
    case 'abort': {
      const leaving = store
      store = null
      open.clear() // jobs that wait for an answer stay where they are and are forgotten
      await leaving?.abort()
      say({ t: 'aborted' })
    }
  }
}

async function work(to: ChunkStore, place: number, job: EncoderJob): Promise<EncoderResults[keyof EncoderResults]> {
  switch (job.kind) {
    case 'files': {
      const slot = slots.get(place) ?? new Slot(batchBytes + (256 << 10))
      slots.set(place, slot)
      return encodeFiles({ store: to, ask, slot, batchBytes }, job.files)
    }
    case 'spans': {
      const bytes = Buffer.from(job.memory)
      const chunks = []
      for (let i = 0; i < job.spans.length; i += 3) {
        const from = job.spans[i] as number
        chunks.push({ raw: bytes.subarray(from, from + (job.spans[i + 1] as number)), probe: job.spans[i + 2] === 1 })
      }
      return { refs: new Uint8Array(await storeChunks(to, ask, blobTypes.data, chunks)) }
    }
    case 'page':
      return encodePageJob(to, ask, job, scanStartNs)
    case 'root':
      return { ref: new Uint8Array(await storeBlob(to, ask, 'root', job.plain)) }
  }
}
