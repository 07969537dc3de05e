import { crc32 } from 'node:zlib'
import { chunkRefBytes, packChunkRef } from '../../repository/chunkRef.ts'
import { type BlobType, blobTypes } from '../../repository/keys.ts'
import type { ChunkStore } from '../../repository/threads/chunkStore.ts'
import { chunkStates, type FindAnswer, knownBytes, type Question } from './messages.ts'

/** How an encoder asks the main thread; one answer a question. */
export interface Asker {
  find(question: Extract<Question, { kind: 'find' }>): Promise<FindAnswer>
  wait(question: Extract<Question, { kind: 'wait' }>): Promise<Uint8Array>
  pin(question: Extract<Question, { kind: 'pin' }>): Promise<Uint32Array>
  encoded(ids: Uint8Array, known: Uint8Array): void
}

export interface RawChunk {
  raw: Uint8Array
  /** The bytes may be incompressible: take a sample */
  probe: boolean
}

/**
 * Stores chunks that are not there yet and gives the packed references of all, in order. `chunks` must stay as they are
 * until the promise resolves. What this call has to encode is encoded before it waits for others, so two calls that share
 * chunks never wait for each other.
 */
export async function storeChunks(store: ChunkStore, ask: Asker, type: BlobType, chunks: readonly RawChunk[]): Promise<Buffer> {
  const refs = Buffer.allocUnsafe(chunks.length * chunkRefBytes)
  if (chunks.length === 0) return refs
  const ids = Buffer.allocUnsafeSlow(chunks.length * 32)
  const crcs = new Uint32Array(chunks.length)
  chunks.forEach(({ raw }, index) => {
    store.idOf(type, raw).copy(ids, index * 32)
    crcs[index] = crc32(raw)
  })
  const { states, known } = await ask.find({ kind: 'find', ids: new Uint8Array(ids) })

  const encodedIds: Buffer[] = []
  const encoded: Buffer[] = []
  const waiting: number[] = []
  let knownAt = 0
  const writeKnown = (index: number, from: Uint8Array, at: number): void => {
    const raw = chunks[index]?.raw as Uint8Array
    const to = index * chunkRefBytes
    ids.copy(refs, to, index * 32, index * 32 + 32)
    refs.set(from.subarray(at, at + 32), to + 32)
    refs.writeUInt32LE(raw.length, to + 64)
    refs.set(from.subarray(at + 32, at + 36), to + 68)
    refs.writeUInt32LE(unchanged(index, crc32(raw)), to + 72)
  }
  // an id that names other bytes than those stored under it would spoil every backup that holds them
  const unchanged = (index: number, crc: number): number => {
    if (crc === crcs[index]) return crc
    throw new Error(`the memory of chunk ${index} of ${chunks.length} changed while its id was looked up`)
  }
  chunks.forEach(({ raw, probe }, index) => {
    if (states[index] === chunkStates.known) {
      writeKnown(index, known, knownAt)
      knownAt += knownBytes
    } else if (states[index] === chunkStates.underWay) {
      waiting.push(index)
    } else {
      unchanged(index, crc32(raw))
      const ref = packChunkRef(store.put(type, Buffer.from(ids.subarray(index * 32, index * 32 + 32)), raw, probe))
      ref.copy(refs, index * chunkRefBytes)
      encodedIds.push(ref.subarray(0, 32))
      encoded.push(Buffer.concat([ref.subarray(32, 64), ref.subarray(68, 72)]))
    }
  })
  if (encoded.length > 0) ask.encoded(new Uint8Array(Buffer.concat(encodedIds)), new Uint8Array(Buffer.concat(encoded)))
  if (waiting.length > 0) {
    const wanted = Buffer.concat(waiting.map((index) => ids.subarray(index * 32, index * 32 + 32)))
    const answer = await ask.wait({ kind: 'wait', ids: new Uint8Array(wanted) })
    waiting.forEach((index, place) => writeKnown(index, answer, place * knownBytes))
  }
  return refs
}

export async function storeBlob(store: ChunkStore, ask: Asker, type: 'page' | 'root', plain: Uint8Array): Promise<Buffer> {
  return storeChunks(store, ask, blobTypes[type], [{ raw: plain, probe: false }])
}
