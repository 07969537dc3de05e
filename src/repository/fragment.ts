import { constants, crc32 } from 'node:zlib'
import { Failure } from '../base/failure.ts'
import { type CodecChoice, openDeflater } from './codecs/codec.ts'
import { codecNumbers, type Deflater } from './codecs/deflater.ts'
import { emptyBlock, holdsStored, storedLength, writeStored } from './storedBlocks.ts'
import { inflateRaw } from './zlibSync.ts'

export interface Fragment {
  /** Valid until the next call of the encoder */
  bytes: Buffer
  codec: number
  /** CRC-32 of the raw bytes */
  crc: number
}

const finalBlock = Buffer.from([0x03, 0x00])
const finalBlockBytes = finalBlock.length

/** Names of formats that are compressed already. Only these are probed: a probe of everything costs more than it saves. */
const compressedName =
  /\.(jpe?g|png|gif|webp|avif|heic|mp4|m4v|mov|webm|mp3|m4a|ogg|zip|gz|tgz|bz2|xz|zst|7z|rar|phar|woff2?|pdf)$/i

export function looksCompressed(name: string): boolean {
  return compressedName.test(name)
}

/** Makes fragments, each proved by reading it back before anybody sees it. One encoder belongs to one thread. */
export class FragmentEncoder {
  readonly #deflater: Deflater
  #work = Buffer.allocUnsafeSlow(256 << 10)

  constructor(codec: CodecChoice | Deflater) {
    this.#deflater = 'deflate' in codec ? codec : openDeflater(codec)
  }

  /**
   * @param raw at most 4 MiB for ISA-L
   * @param probe whether the bytes may be incompressible; then a sample decides
   */
  encode(raw: Uint8Array, probe: boolean): Fragment {
    const stored = probe && raw.length >= probeMinBytes && isIncompressible(raw)
    const length = stored || raw.length === 0 ? this.#store(raw) : this.#deflate(raw)
    const bytes = this.#work.subarray(0, length)
    if (stored) {
      // stored blocks are their text: comparing them is the whole proof, and needs no memory
      if (!holdsStored(bytes, raw)) throw faulty()
    } else {
      finalBlock.copy(this.#work, length)
      prove(raw, this.#work.subarray(0, length + finalBlockBytes))
    }
    return { bytes, codec: stored ? codecNumbers.stored : this.#deflater.number, crc: crc32(raw) }
  }

  #store(raw: Uint8Array): number {
    this.#reserve(storedLength(raw.length))
    return writeStored(raw, this.#work)
  }

  #deflate(raw: Uint8Array): number {
    const packed = this.#deflater.deflate(raw)
    this.#reserve(packed.length + emptyBlock.length)
    this.#work.set(packed)
    if (endsWithEmptyBlock(packed)) return packed.length
    emptyBlock.copy(this.#work, packed.length)
    return packed.length + emptyBlock.length
  }

  #reserve(bytes: number): void {
    if (this.#work.length < bytes + finalBlockBytes)
      this.#work = Buffer.allocUnsafeSlow(Math.ceil((bytes + finalBlockBytes) * 1.25))
  }
}

/** @throws {Failure} CHUNK_DAMAGED when the fragment does not hold exactly `rawLength` bytes */
export function inflateFragment(fragment: Uint8Array, rawLength: number): Buffer {
  let raw: Buffer
  try {
    raw = inflateRaw(fragment, {
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: Math.max(64, rawLength + 1),
      maxOutputLength: Math.max(64, rawLength + 1),
    }).buffer
  } catch (cause) {
    throw new Failure('CHUNK_DAMAGED', 'Cannot inflate a fragment: it is no deflate stream of the recorded length', { cause })
  }
  if (raw.length !== rawLength) {
    throw new Failure('CHUNK_DAMAGED', `Cannot inflate a fragment: it holds ${raw.length} bytes instead of ${rawLength}`)
  }
  return raw
}

/**
 * Inflates the fragment with a final block behind it. That the whole input is consumed and the text is the same shows at
 * once that no block of ours is final, that the fragment ends on a byte boundary, and that it says what it should.
 */
function prove(raw: Uint8Array, closed: Uint8Array): void {
  const { buffer, consumed } = inflateRaw(closed, { chunkSize: Math.max(64, raw.length + 1), maxOutputLength: raw.length + 1 })
  if (consumed !== closed.length || Buffer.compare(buffer, raw) !== 0) throw faulty()
}

function faulty(): Error {
  return new Error('a fragment failed its proof: the compressor or the memory of this machine is faulty')
}

const probeMinBytes = 4096
const sampleBytes = 4096

/** Bits a byte at which Huffman codes, all that helps a file with such a name, would save 3 %. */
const incompressibleBits = 8 * 0.97

/**
 * The entropy of a sample from the middle speaks for the whole: a few microseconds, where deflating the sample took 80. What
 * is random has 7.95 bits in so small a sample.
 */
function isIncompressible(raw: Uint8Array): boolean {
  const from = Math.min(raw.length >> 1, raw.length - sampleBytes)
  counts.fill(0)
  for (let i = from; i < from + sampleBytes; i++) {
    const byte = raw[i] as number
    counts[byte] = (counts[byte] as number) + 1
  }
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = counts[byte] as number
    if (count > 1) sum += count * Math.log2(count)
  }
  return Math.log2(sampleBytes) - sum / sampleBytes > incompressibleBits
}

const counts = new Uint16Array(256)

function endsWithEmptyBlock(bytes: Uint8Array): boolean {
  const n = bytes.length
  return n >= 4 && bytes[n - 4] === 0 && bytes[n - 3] === 0 && bytes[n - 2] === 0xff && bytes[n - 1] === 0xff
}
