import type { Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { spaceFailure, syncDirectory } from '../../base/files.ts'
import { type Intake, intakePath } from '../intake.ts'
import { checkpoint } from './records.ts'
import type { RunningHashes } from './runningHashes.ts'

/** Bytes that a crash may take back; each such stretch costs one sync and one row. */
const checkpointBytes = 16 << 20

/**
 * The file of one upload, written from its durable offset on. What the row says is on disk is on disk: bytes count once they
 * were synced, so after a crash at any point the sender goes on from there.
 */
export class IntakeFile {
  readonly #intake: Intake
  readonly #id: string
  readonly #hashes: RunningHashes
  readonly #handle: FileHandle
  #hash: Hash | null
  #durable: number
  #at: number

  private constructor(intake: Intake, id: string, hashes: RunningHashes, handle: FileHandle, offset: number) {
    this.#intake = intake
    this.#id = id
    this.#hashes = hashes
    this.#handle = handle
    this.#hash = hashes.take(id, offset)
    this.#durable = offset
    this.#at = offset
  }

  /** @param offset of the row; whatever the file holds behind it never counted and is written over */
  static async open(intake: Intake, id: string, hashes: RunningHashes, offset: number): Promise<IntakeFile> {
    const path = intakePath(intake, id)
    const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    try {
      await handle.truncate(offset)
      if (offset === 0) await syncDirectory(intake.directory)
      return new IntakeFile(intake, id, hashes, handle, offset)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  get offset(): number {
    return this.#at
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, from, bytes.length - from, this.#at + from)
        from += bytesWritten
      }
    } catch (error) {
      throw spaceFailure(error, this.#intake.directory)
    }
    this.#hash?.update(bytes)
    this.#at += bytes.length
    if (this.#at - this.#durable >= checkpointBytes) await this.sync()
  }

  /** Makes durable what was written, then says so. */
  async sync(change: { size_bytes?: number; validator?: string | null } = {}): Promise<void> {
    if (this.#at > this.#durable) await this.#handle.datasync()
    else if (Object.keys(change).length === 0) return
    this.#durable = this.#at
    await checkpoint(this.#intake, this.#id, { offset_bytes: this.#at, ...change })
  }

  /** Begins again: the file at the other end is another one. */
  async restart(): Promise<void> {
    await checkpoint(this.#intake, this.#id, { offset_bytes: 0, validator: null, size_bytes: null })
    await this.#handle.truncate(0)
    this.#at = 0
    this.#durable = 0
    this.#hash = this.#hashes.take(this.#id, 0)
  }

  /** Syncs what there is and closes. Safe to call after a failed write. */
  async close(): Promise<void> {
    try {
      await this.sync()
      this.#hashes.keep(this.#id, this.#hash, this.#at)
    } finally {
      await this.#handle.close()
    }
  }
}
