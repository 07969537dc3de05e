import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Failure } from '../base/failure.ts'
import { inflateFragment } from './fragment.ts'
import { type BlobType, currentGeneration, type RepositoryKeys } from './keys.ts'
import { storedFragment } from './storedBlocks.ts'

/*
 * A blob, wherever it stands:
 *   clear header  magic 8 | version 1 | type 1 | generation 1 | id 32 | stored length 4
 *   sealed text   nonce 12 | AES-256-GCM of (raw length 4 | raw crc 4 | codec 1 | fragment) | tag 16
 * Numbers are little endian. The additional data is the repository's id and the clear header.
 */
export const blobMagic = Buffer.from('CAIRNBLB')
export const blobHeaderBytes = 47
const blobVersion = 1
const innerBytes = 9
const nonceBytes = 12
const tagBytes = 16
/** How much longer the sealed text is than its fragment. */
export const sealBytes = nonceBytes + innerBytes + tagBytes

export interface BlobHeader {
  type: number
  generation: number
  id: Buffer
  storedLen: number
}

export interface OpenBlob {
  rawLen: number
  crc: number
  codec: number
  fragment: Buffer
}

export interface BlobText {
  type: BlobType
  id: Buffer
  rawLen: number
  crc: number
  codec: number
  fragment: Uint8Array
}

/** Writes the sealed blob into `to` at `at`; gives its length. */
export function sealBlob(keys: RepositoryKeys, blob: BlobText, to: Buffer, at: number): number {
  const storedLen = blob.fragment.length + sealBytes
  blobMagic.copy(to, at)
  to[at + 8] = blobVersion
  to[at + 9] = blob.type
  to[at + 10] = currentGeneration
  blob.id.copy(to, at + 11)
  to.writeUInt32LE(storedLen, at + 43)
  const text = at + blobHeaderBytes
  const nonce = nextNonce()
  nonce.copy(to, text)
  const cipher = createCipheriv('aes-256-gcm', keys.sealingKey(blob.type, blob.id, currentGeneration), nonce)
  cipher.setAAD(Buffer.concat([keys.aadPrefix, to.subarray(at, text)]))
  inner.writeUInt32LE(blob.rawLen, 0)
  inner.writeUInt32LE(blob.crc, 4)
  inner[8] = blob.codec
  cipher.update(inner).copy(to, text + nonceBytes)
  cipher.update(blob.fragment).copy(to, text + nonceBytes + innerBytes)
  cipher.final()
  cipher.getAuthTag().copy(to, text + nonceBytes + innerBytes + blob.fragment.length)
  return blobHeaderBytes + storedLen
}

/** Null where no blob begins at `at`. */
export function readBlobHeader(bytes: Buffer, at = 0): BlobHeader | null {
  if (bytes.length - at < blobHeaderBytes || bytes.compare(blobMagic, 0, 8, at, at + 8) !== 0) return null
  if (bytes[at + 8] !== blobVersion) return null
  return {
    type: bytes[at + 9] as number,
    generation: bytes[at + 10] as number,
    id: bytes.subarray(at + 11, at + 43),
    storedLen: bytes.readUInt32LE(at + 43),
  }
}

/**
 * Opens the blob that fills `bytes`. `want` binds it: another type or id does not open.
 *
 * @throws {Failure} CHUNK_DAMAGED when anything about it is not as it was written
 */
export function openBlob(keys: RepositoryKeys, bytes: Buffer, want: { type?: number; id: Uint8Array } | null): OpenBlob {
  const header = readBlobHeader(bytes)
  if (header === null || header.storedLen < sealBytes || bytes.length !== blobHeaderBytes + header.storedLen) {
    throw damaged(want?.id, 'no blob stands where it should')
  }
  if (want !== null && (!header.id.equals(want.id) || (want.type !== undefined && want.type !== header.type))) {
    throw damaged(want.id, 'another blob stands in its place')
  }
  const sealed = bytes.subarray(blobHeaderBytes)
  try {
    const key = keys.sealingKey(header.type, header.id, header.generation)
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.concat([keys.aadPrefix, bytes.subarray(0, blobHeaderBytes)]))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    const plain = decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes))
    decipher.final()
    return {
      rawLen: plain.readUInt32LE(0),
      crc: plain.readUInt32LE(4),
      codec: plain[8] as number,
      fragment: plain.subarray(innerBytes),
    }
  } catch (cause) {
    throw damaged(header.id, 'its seal does not hold', cause)
  }
}

/** Inflates what `openBlob` gave and compares length and CRC. @throws {Failure} CHUNK_DAMAGED */
export function inflateBlob(blob: OpenBlob): Buffer {
  const raw = inflateFragment(blob.fragment, blob.rawLen)
  if (crc32(raw) !== blob.crc) throw new Failure('CHUNK_DAMAGED', 'Cannot read a chunk: its CRC does not match')
  return raw
}

/** A whole blob of a few bytes, stored without compression: footers and objects. */
export function sealPlain(keys: RepositoryKeys, type: BlobType, id: Buffer, plain: Uint8Array): Buffer {
  const fragment = storedFragment(plain)
  const blob = Buffer.allocUnsafe(blobHeaderBytes + sealBytes + fragment.length)
  sealBlob(keys, { type, id, rawLen: plain.length, crc: crc32(plain), codec: 0, fragment }, blob, 0)
  return blob
}

export function openPlain(keys: RepositoryKeys, bytes: Buffer, type: BlobType, id: Buffer): Buffer {
  return inflateBlob(openBlob(keys, bytes, { type, id }))
}

function damaged(id: Uint8Array | undefined, found: string, cause?: unknown): Failure {
  const name = id === undefined ? 'a blob' : `chunk ${Buffer.from(id).toString('hex', 0, 6)}`
  return new Failure('CHUNK_DAMAGED', `Cannot read ${name}: ${found}`, {
    hint: 'Run "cairn repository:check --read-data" to list the backups that use it',
    ...(cause === undefined ? {} : { cause }),
  })
}

const inner = Buffer.alloc(innerBytes)
const nonces = Buffer.alloc(nonceBytes * 512)
let nonceAt = nonces.length

function nextNonce(): Buffer {
  if (nonceAt === nonces.length) {
    randomFillSync(nonces)
    nonceAt = 0
  }
  nonceAt += nonceBytes
  return nonces.subarray(nonceAt - nonceBytes, nonceAt)
}
