import type { CodecChoice } from '../codecs/codec.ts'
import { FragmentEncoder } from '../fragment.ts'
import { type BlobType, blobTypes, type RepositoryKey, RepositoryKeys } from '../keys.ts'
import { type PackReceipt, PackWriter } from '../packs/packWriter.ts'
import type { ChunkRef } from '../types.ts'
import { droppedBytes } from './collectGarbage.ts'

export interface ChunkStoreOptions {
  directory: string
  key: RepositoryKey
  instance: string
  codec: CodecChoice
}

/** Pages and roots are mostly keyed ids, which nothing compresses: the quickest level is enough. */
const metaCodec: CodecChoice = { name: 'zlib', level: 1 }

/**
 * The encoder of one thread: deflates, proves, seals and appends to a pack of its own. Synchronous but for closing packs.
 * Whether a chunk is there already is for the caller to ask.
 */
export class ChunkStore {
  readonly keys: RepositoryKeys
  readonly #options: ChunkStoreOptions
  readonly #data: FragmentEncoder
  readonly #meta = new FragmentEncoder(metaCodec)
  readonly #stage = Buffer.allocUnsafeSlow(1 << 20)
  readonly #onTemporary: (path: string) => void
  readonly #onPack: (pack: PackReceipt) => void
  #writer: PackWriter | null = null
  #closing: Promise<void> = Promise.resolve()

  constructor(options: ChunkStoreOptions, onTemporary: (path: string) => void, onPack: (pack: PackReceipt) => void) {
    this.keys = new RepositoryKeys(options.key)
    this.#options = options
    this.#data = new FragmentEncoder(options.codec)
    this.#onTemporary = onTemporary
    this.#onPack = onPack
  }

  idOf(type: BlobType, raw: Uint8Array): Buffer {
    return type === blobTypes.data ? this.keys.chunkId(raw) : this.keys.metaId(type, raw)
  }

  /** @throws {Failure} SPACE_LACKING */
  put(type: BlobType, id: Buffer, raw: Uint8Array, probe: boolean): ChunkRef {
    const { bytes, codec, crc } = (type === blobTypes.data ? this.#data : this.#meta).encode(raw, probe)
    const encMac = this.keys.fragmentMac(bytes)
    if (this.#writer === null) {
      this.#writer = new PackWriter(this.#options.directory, this.keys, this.#options.instance, this.#stage)
      this.#onTemporary(this.#writer.temporary)
    }
    this.#writer.add({ type, id, rawLen: raw.length, crc, codec, fragment: bytes }, encMac)
    if (this.#writer.isFull) this.#close()
    droppedBytes(raw.length + bytes.length)
    return { id, encMac, rawLen: raw.length, encLen: bytes.length, crc }
  }

  /** Resolves when every pack is durable and was told to `onPack`. @throws {Failure} SPACE_LACKING */
  finish(): Promise<void> {
    this.#close()
    return this.#closing
  }

  /** Leaves nothing of the open pack behind; packs that are closed stay. */
  async abort(): Promise<void> {
    this.#writer?.abort()
    this.#writer = null
    await this.#closing.catch(() => {})
  }

  #close(): void {
    const writer = this.#writer
    if (writer === null) return
    this.#writer = null
    const closed = writer.finish()
    this.#closing = Promise.all([this.#closing, closed.then(this.#onPack)]).then(() => {})
    this.#closing.catch(() => {}) // heard by finish
  }
}
