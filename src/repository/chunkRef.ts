import { Failure } from '../base/failure.ts'
import type { ChunkRef } from './types.ts'

export const chunkRefBytes = 76

/** id 32, encMac 32, rawLen 4, encLen 4, crc 4; numbers little endian. */
export function packChunkRef(ref: ChunkRef): Buffer {
  const bytes = Buffer.allocUnsafe(chunkRefBytes)
  writeChunkRef(ref, bytes, 0)
  return bytes
}

export function packChunkRefs(refs: readonly ChunkRef[]): Buffer {
  const bytes = Buffer.allocUnsafe(refs.length * chunkRefBytes)
  refs.forEach((ref, index) => writeChunkRef(ref, bytes, index * chunkRefBytes))
  return bytes
}

/**
 * Ids and MACs of the result are views of `bytes`.
 *
 * @throws {Failure} MANIFEST_DAMAGED when the length is no multiple of 76
 */
export function unpackChunkRefs(bytes: Uint8Array): ChunkRef[] {
  if (bytes.length % chunkRefBytes !== 0) {
    throw new Failure(
      'MANIFEST_DAMAGED',
      `Cannot read chunk references: ${bytes.length} bytes are no multiple of ${chunkRefBytes}`,
    )
  }
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const refs: ChunkRef[] = []
  for (let at = 0; at < all.length; at += chunkRefBytes) {
    refs.push(readChunkRef(all, at))
  }
  return refs
}

/** The one that begins at `at`; its id and MAC are views. */
export function readChunkRef(all: Buffer, at: number): ChunkRef {
  return {
    id: all.subarray(at, at + 32),
    encMac: all.subarray(at + 32, at + 64),
    rawLen: all.readUInt32LE(at + 64),
    encLen: all.readUInt32LE(at + 68),
    crc: all.readUInt32LE(at + 72),
  }
}

/** @throws {Failure} MANIFEST_DAMAGED */
export function unpackChunkRef(bytes: Uint8Array): ChunkRef {
  const [ref] = unpackChunkRefs(bytes)
  if (ref === undefined || bytes.length !== chunkRefBytes) {
    throw new Failure('MANIFEST_DAMAGED', `Cannot read a chunk reference: it has ${bytes.length} bytes`)
  }
  return ref
}

function writeChunkRef(ref: ChunkRef, to: Buffer, at: number): void {
  ref.id.copy(to, at)
  ref.encMac.copy(to, at + 32)
  to.writeUInt32LE(ref.rawLen, at + 64)
  to.writeUInt32LE(ref.encLen, at + 68)
  to.writeUInt32LE(ref.crc, at + 72)
}
