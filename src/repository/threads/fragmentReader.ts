import { closeSync, openSync, readSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { packPath } from '../backends/layout.ts'
import { blobHeaderBytes, inflateBlob, openBlob, type OpenBlob } from '../blob.ts'
import { type RepositoryKey, RepositoryKeys } from '../keys.ts'
import type { ChunkLocation, ChunkRef } from '../types.ts'

const openPacksMax = 32

/** Reads chunks by their places, synchronously: for worker threads, which have no way to the state database. */
export class FragmentReader {
  readonly keys: RepositoryKeys
  readonly #directory: string
  readonly #files = new Map<string, number>()
  #block = Buffer.allocUnsafeSlow(64 << 10)

  constructor(directory: string, key: RepositoryKey | RepositoryKeys) {
    this.#directory = directory
    this.keys = key instanceof RepositoryKeys ? key : new RepositoryKeys(key)
  }

  /** @throws {Failure} CHUNK_DAMAGED, CHUNK_MISSING when the pack is gone: look the chunk up again */
  readRawSync(ref: ChunkRef, location: ChunkLocation): Buffer {
    const blob = this.#open(ref, location)
    if (blob.rawLen !== ref.rawLen || blob.crc !== ref.crc) throw unlike(ref)
    return inflateBlob(blob)
  }

  readFragmentSync(ref: ChunkRef, location: ChunkLocation): Buffer {
    const { fragment, rawLen, crc } = this.#open(ref, location)
    if (fragment.length !== ref.encLen || rawLen !== ref.rawLen || crc !== ref.crc) throw unlike(ref)
    return fragment
  }

  /** Whether these raw bytes are the ones that the id names. */
  hasId(ref: ChunkRef, raw: Uint8Array): boolean {
    return this.keys.chunkId(raw).equals(ref.id)
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd)
    this.#files.clear()
  }

  #open(ref: ChunkRef, location: ChunkLocation): OpenBlob {
    const length = blobHeaderBytes + location.storedLen
    if (this.#block.length < length) this.#block = Buffer.allocUnsafeSlow(length)
    const bytes = this.#block.subarray(0, length)
    const fd = this.#file(location.pack)
    for (let done = 0; done < length;) {
      const read = readSync(fd, bytes, done, length - done, location.offset + done)
      if (read === 0) throw new Failure('CHUNK_DAMAGED', `Cannot read pack "${location.pack}": it ends early`)
      done += read
    }
    return openBlob(this.keys, bytes, { id: ref.id })
  }

  #file(pack: string): number {
    let fd = this.#files.get(pack)
    if (fd !== undefined) return fd
    if (this.#files.size >= openPacksMax) this.close()
    try {
      fd = openSync(packPath(this.#directory, pack), 'r')
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
      throw new Failure('CHUNK_MISSING', `Cannot read pack "${pack}": the file is gone`, { retry: 'later', cause: error })
    }
    this.#files.set(pack, fd)
    return fd
  }
}

/** What was read is authentic, but it is not the encoding that the manifest was committed with. */
export function unlike(ref: ChunkRef): Failure {
  return new Failure('CHUNK_DAMAGED', `Cannot read chunk ${ref.id.toString('hex', 0, 6)}: what is stored is another encoding`)
}
