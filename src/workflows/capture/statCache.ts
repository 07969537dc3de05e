import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { isErrno } from '../../base/failure.ts'
import { packChunkRef } from '../../repository/chunkRef.ts'
import type { ChunkRef } from '../../repository/types.ts'
import { readStatRecord, type StatRecord, statRecordBytes } from './statRecords.ts'

/*
 * Inode and ctime of every entry of one manifest, in its order: magic 8 | reference of the manifest 76 | records | crc 4.
 * Disposable: without it, or with one of another manifest, everything is read. One file for each manifest, so that a
 * backup that fails to commit leaves that of the last good one.
 */
const magic = Buffer.from('CAIRNST1')
const headBytes = 8 + 76

export class StatCache {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Of the entry at this place of the manifest. */
  get(place: number): StatRecord | null {
    return (place + 1) * statRecordBytes <= this.#bytes.length ? readStatRecord(this.#bytes, place) : null
  }
}

/** Null when there is none for this manifest, or it is torn. `base` is a path without the manifest's part. */
export function readStatCache(base: string, manifest: ChunkRef): StatCache | null {
  let bytes: Buffer
  try {
    bytes = readFileSync(cachePath(base, manifest))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null
    throw error
  }
  const end = bytes.length - 4
  if (end < headBytes || !bytes.subarray(0, 8).equals(magic) || !bytes.subarray(8, headBytes).equals(packChunkRef(manifest)))
    return null
  if ((end - headBytes) % statRecordBytes !== 0 || crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return null
  return new StatCache(bytes.subarray(headBytes, end))
}

/** Writes the cache of a new manifest, and removes all others of this base but the one of `keep`. */
export function writeStatCache(base: string, manifest: ChunkRef, records: readonly Uint8Array[], keep: ChunkRef | null): void {
  const body = Buffer.concat([magic, packChunkRef(manifest), ...records])
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(crc32(body))
  const path = cachePath(base, manifest)
  // not synced: a torn file is seen by its sum, and costs only reading
  writeFileSync(`${path}.tmp`, Buffer.concat([body, sum]), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
  const kept = new Set([path, keep === null ? '' : cachePath(base, keep)])
  for (const name of readdirSync(dirname(base))) {
    const other = join(dirname(base), name)
    if (name.startsWith(`${basename(base)}.`) && /\.[0-9a-f]{16}(\.tmp)?$/.test(name) && !kept.has(other))
      rmSync(other, { force: true })
  }
}

function cachePath(base: string, manifest: ChunkRef): string {
  return `${base}.${manifest.id.toString('hex', 0, 8)}`
}
