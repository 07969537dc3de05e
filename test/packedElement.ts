import { readFileSync } from 'node:fs'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import { newUlid } from '../src/base/ids.ts'
import type { ArchiveSource } from '../src/repository/archiveOut.ts'
import { makeLayout } from '../src/repository/backends/disk.ts'
import { packPath } from '../src/repository/backends/layout.ts'
import { sealBytes } from '../src/repository/blob.ts'
import { blobTypes, newRepositoryKey, RepositoryKeys } from '../src/repository/keys.ts'
import { PackWriter } from '../src/repository/packs/packWriter.ts'
import { FragmentReader } from '../src/repository/threads/fragmentReader.ts'
import type { ChunkLocation, ChunkRef } from '../src/repository/types.ts'
import type { ChunkSink } from './memoryElement.ts'

/** Chunks in real sealed packs on disk, with the index in memory: what archives read, without a state database. */
export class PackedChunks implements ArchiveSource, ChunkSink {
  readonly directory: string
  readonly keys = new RepositoryKeys(newRepositoryKey(newUlid()))
  readonly etagKey = this.keys.etag
  readonly #places = new Map<string, ChunkLocation>()
  readonly #reader: FragmentReader
  #pack: PackWriter | undefined
  readonly #finished: Promise<unknown>[] = []

  constructor(directory: string) {
    makeLayout(directory)
    this.directory = directory
    this.#reader = new FragmentReader(directory, this.keys)
  }

  put(raw: Buffer, level = 6): ChunkRef {
    const fragment = deflateRawSync(raw, { level, finishFlush: constants.Z_SYNC_FLUSH })
    const id = this.keys.chunkId(raw)
    const ref = { id, encMac: this.keys.fragmentMac(fragment), rawLen: raw.length, encLen: fragment.length, crc: crc32(raw) }
    const name = ref.encMac.toString('hex')
    if (this.#places.has(name)) return ref
    this.#pack ??= new PackWriter(this.directory, this.keys, 'test')
    this.#places.set(name, { pack: this.#pack.name, offset: this.#pack.lengthBytes, storedLen: fragment.length + sealBytes })
    this.#pack.add({ type: blobTypes.data, id, rawLen: raw.length, crc: ref.crc, codec: 1, fragment }, ref.encMac)
    if (this.#pack.isFull) this.#finish()
    return ref
  }

  /** Makes the packs readable. */
  async flush(): Promise<void> {
    this.#finish()
    await Promise.all(this.#finished)
  }

  async locate(refs: readonly ChunkRef[]): Promise<ChunkLocation[]> {
    return refs.map((ref) => this.place(ref))
  }

  place(ref: ChunkRef): ChunkLocation {
    const place = this.#places.get(ref.encMac.toString('hex'))
    if (place === undefined) throw new Error('no such chunk')
    return place
  }

  async readFragment(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer> {
    return Buffer.from(this.#reader.readFragmentSync(ref, location ?? this.place(ref)))
  }

  async readChunk(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer> {
    return this.#reader.readRawSync(ref, location ?? this.place(ref))
  }

  packFile(name: string): { path: string; bytes: Buffer } {
    const path = packPath(this.directory, name)
    return { path, bytes: readFileSync(path) }
  }

  close(): void {
    this.#reader.close()
  }

  #finish(): void {
    if (this.#pack !== undefined) this.#finished.push(this.#pack.finish())
    this.#pack = undefined
  }
}
