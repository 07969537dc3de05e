import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/** What a thread needs to derive every key; may cross threads, never a process or a log. */
export interface RepositoryKey {
  repositoryId: string
  /** 32 bytes */
  master: Uint8Array
}

export const blobTypes = { data: 1, page: 2, root: 3, footer: 4, object: 5 } as const
export type BlobType = (typeof blobTypes)[keyof typeof blobTypes]

/** The generation of the master key that new blobs are sealed under. */
export const currentGeneration = 1

/**
 * Every key and keyed name of one repository, derived from its master key by HKDF-SHA256 with the repository's id as salt.
 * The methods share scratch memory: they are for one thread, and synchronous.
 */
export class RepositoryKeys {
  readonly key: RepositoryKey
  readonly repositoryId: string
  /** For ETags of archives */
  readonly etag: KeyObject
  /** For the gear table of the chunker */
  readonly gear: Int32Array
  /** Begins the additional data of every seal */
  readonly aadPrefix: Buffer
  readonly #id: KeyObject
  readonly #mac: KeyObject
  readonly #metaId: KeyObject
  readonly #dataSeal: ShortHmac
  readonly #metaSeal: ShortHmac

  constructor(key: RepositoryKey) {
    const derive = (purpose: string, length = 32): Buffer =>
      Buffer.from(hkdfSync('sha256', key.master, key.repositoryId, `cairn/1/${purpose}`, length))
    const secret = (purpose: string): KeyObject => createSecretKey(derive(purpose))
    this.key = key
    this.repositoryId = key.repositoryId
    this.aadPrefix = Buffer.from(key.repositoryId)
    this.etag = secret('etag')
    this.#id = secret('id')
    this.#mac = secret('mac')
    this.#metaId = secret('meta-id')
    this.#dataSeal = shortHmac(derive('enc'))
    this.#metaSeal = shortHmac(derive('meta'))
    const table = derive('cdc', 1024)
    this.gear = Int32Array.from({ length: 256 }, (_, index) => table.readInt32LE(index * 4))
  }

  chunkId(raw: Uint8Array): Buffer {
    return createHmac('sha256', this.#id).update(raw).digest()
  }

  /** The id of a page, root, footer or object; the type is part of it. */
  metaId(type: BlobType, plain: Uint8Array | string): Buffer {
    return createHmac('sha256', this.#metaId).update(Buffer.of(type)).update(plain).digest()
  }

  /** Names one encoding of a chunk. It does not depend on the nonce, so the same fragment written twice is one encoding. */
  fragmentMac(fragment: Uint8Array): Buffer {
    return createHmac('sha256', this.#mac).update(fragment).digest()
  }

  /** The key of one blob, by its id and generation: no key seals two different contents. */
  sealingKey(type: number, id: Uint8Array, generation: number): KeyObject {
    return createSecretKey((type === blobTypes.data ? this.#dataSeal : this.#metaSeal)(id, generation))
  }

  /** Tells a wrong key from a damaged repository; stands in the clear in repo.json. */
  proofOfKey(): string {
    return this.metaId(blobTypes.object, 'proof of key').toString('hex')
  }
}

export function newRepositoryKey(repositoryId: string): RepositoryKey {
  return { repositoryId, master: randomBytes(32) }
}

type ShortHmac = (id: Uint8Array, generation: number) => Buffer

/** HMAC-SHA256 of id and generation by two plain hashes: 6 µs instead of the 50 of createHmac with a new key. */
function shortHmac(key: Buffer): ShortHmac {
  const inner = Buffer.alloc(64 + 33, 0x36)
  const outer = Buffer.alloc(64 + 32, 0x5c)
  for (let i = 0; i < 32; i++) {
    inner[i] = 0x36 ^ (key[i] as number)
    outer[i] = 0x5c ^ (key[i] as number)
  }
  return (id, generation) => {
    inner.set(id, 64)
    inner[96] = generation
    hash('sha256', inner, 'buffer').copy(outer, 64)
    return hash('sha256', outer, 'buffer')
  }
}
