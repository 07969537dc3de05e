// Makes spans of archives: reads and opens fragments, encodes glue, gives the bytes away without copying them.
import { parentPort, workerData } from 'node:worker_threads'
import { failureRecord } from '../base/failure.ts'
import { type Segment, writeSpan } from './archiveSpans.ts'
import { unpackChunkRefs } from './chunkRef.ts'
import type { SpanAnswer, SpanJob, SpanThreadData } from './spanThreads.ts'
import { FragmentReader } from './threads/fragmentReader.ts'
import type { ChunkLocation } from './types.ts'

const port = parentPort
if (port === null) throw new Error('span.thread runs in a thread only')
const { directory, key } = workerData as SpanThreadData
const reader = new FragmentReader(directory, key)

port.on('message', (job: SpanJob) => {
  let answer: SpanAnswer
  try {
    answer = { job: job.job, bytes: makeSpan(job) }
  } catch (error) {
    // A file descriptor may belong to a pack that was replaced: open anew next time.
    reader.close()
    answer = { job: job.job, failure: failureRecord(error) }
  }
  port.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : [])
})

function makeSpan(job: SpanJob): Uint8Array {
  const segments = segmentsOf(job)
  let next = 0
  return writeSpan(segments, (ref) => reader.readFragmentSync(ref, locationOf(job, next++)))
}

function segmentsOf(job: SpanJob): Segment[] {
  const glue = Buffer.from(job.glue.buffer, job.glue.byteOffset, job.glue.length)
  const refs = unpackChunkRefs(job.refs)
  let at = 0
  let ref = 0
  return Array.from(job.order, (length) => {
    const next = refs[ref]
    if (length < 0 && next !== undefined) {
      ref++
      return next
    }
    at += length
    return glue.subarray(at - length, at)
  })
}

function locationOf(job: SpanJob, index: number): ChunkLocation {
  const [pack = 0, offset = 0, storedLen = 0] = job.places.subarray(index * 3, index * 3 + 3)
  return { pack: job.packs[pack] ?? '', offset, storedLen }
}
