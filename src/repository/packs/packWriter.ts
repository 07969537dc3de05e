import { createHash, type Hash } from 'node:crypto'
import { close, closeSync, fsync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { spaceFailure, syncDirectory } from '../../base/files.ts'
import { newPackName, packDirectory, packPath, temporaryName } from '../backends/layout.ts'
import { blobHeaderBytes, type BlobText, sealBlob, sealBytes } from '../blob.ts'
import { currentGeneration, type RepositoryKeys } from '../keys.ts'
import { type FooterRecord, recordBytes, sealFooter, writeRecord } from './footer.ts'

const syncFile = promisify(fsync)
const closeFile = promisify(close)

/** A pack is closed once it is this long. */
export const packBytes = 16 << 20
const stageBytes = 1 << 20

/** What is left of a finished pack: enough for the index. */
export interface PackReceipt {
  name: string
  lengthBytes: number
  sha256: Uint8Array
  /** Footer records one after another */
  records: Uint8Array
}

/**
 * Appends sealed blobs to one new pack file through a small stage. The file has a temporary name in its final directory
 * until `finish`, so a crash leaves nothing that looks like a pack.
 */
export class PackWriter {
  readonly name = newPackName()
  readonly temporary: string
  readonly #directory: string
  readonly #keys: RepositoryKeys
  readonly #stage: Buffer
  readonly #hash: Hash = createHash('sha256')
  /** In memory of its own: a small buffer for each would hold a slab of Node's pool, and 25 KB of what zlib made beside it */
  #records = Buffer.allocUnsafeSlow(256 * recordBytes)
  #recorded = 0
  readonly #fd: number
  #staged = 0
  #written = 0

  /** @param stage memory to work in, at least 1 MiB; may be used again after `finish` returned its promise */
  constructor(directory: string, keys: RepositoryKeys, instance: string, stage: Buffer = Buffer.allocUnsafeSlow(stageBytes)) {
    this.#directory = directory
    this.#keys = keys
    this.#stage = stage
    this.temporary = join(packDirectory(directory, this.name), temporaryName(instance, this.name))
    this.#fd = openSync(this.temporary, 'wx', 0o400)
  }

  get lengthBytes(): number {
    return this.#written + this.#staged
  }

  get isFull(): boolean {
    return this.lengthBytes >= packBytes
  }

  add(blob: BlobText, encMac: Buffer): void {
    const offset = this.lengthBytes
    const storedLen = blob.fragment.length + sealBytes
    const length = blobHeaderBytes + storedLen
    if (this.#staged + length > this.#stage.length) this.#spill()
    if (length > this.#stage.length) {
      const alone = Buffer.allocUnsafe(length)
      sealBlob(this.#keys, blob, alone, 0)
      this.#write(alone)
    } else {
      this.#staged += sealBlob(this.#keys, blob, this.#stage, this.#staged)
    }
    this.#record({
      type: blob.type,
      generation: currentGeneration,
      id: blob.id,
      encMac,
      offset,
      storedLen,
      rawLen: blob.rawLen,
      crc: blob.crc,
    })
  }

  /**
   * Writes what is left at once; syncs, links and syncs the directory without holding up the thread. When the promise
   * resolves, the pack outlives a power loss.
   *
   * @throws {Failure} SPACE_LACKING
   */
  finish(): Promise<PackReceipt> {
    const records = Buffer.allocUnsafeSlow(this.#recorded)
    this.#records.copy(records, 0, 0, this.#recorded)
    try {
      this.#spill()
      this.#write(sealFooter(this.#keys, this.name, records))
    } catch (error) {
      this.abort()
      throw error
    }
    const sha256 = this.#hash.digest()
    return this.#publish().then(() => ({
      name: this.name,
      lengthBytes: this.#written,
      sha256: new Uint8Array(sha256),
      records: new Uint8Array(records.buffer, 0, records.length),
    }))
  }

  /** Leaves nothing behind. */
  abort(): void {
    closeSync(this.#fd)
    unlinkSync(this.temporary)
  }

  async #publish(): Promise<void> {
    try {
      await syncFile(this.#fd)
      // link and not rename: an existing final name is an error, never overwritten
      linkSync(this.temporary, packPath(this.#directory, this.name))
    } catch (error) {
      throw spaceFailure(error, this.#directory)
    } finally {
      await closeFile(this.#fd)
      unlinkSync(this.temporary)
    }
    await syncDirectory(packDirectory(this.#directory, this.name))
  }

  #record(record: FooterRecord): void {
    if (this.#recorded === this.#records.length) {
      const larger = Buffer.allocUnsafeSlow(this.#records.length * 2)
      this.#records.copy(larger)
      this.#records = larger
    }
    writeRecord(record, this.#records, this.#recorded)
    this.#recorded += recordBytes
  }

  #spill(): void {
    if (this.#staged > 0) this.#write(this.#stage.subarray(0, this.#staged))
    this.#staged = 0
  }

  #write(bytes: Buffer): void {
    try {
      let done = 0
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done)
    } catch (error) {
      throw spaceFailure(error, this.#directory)
    }
    this.#hash.update(bytes)
    this.#written += bytes.length
  }
}
