import type { FailureRecord } from '../../base/failure.ts'
import { packChunkRefs } from '../../repository/chunkRef.ts'
import type { RepositoryKey } from '../../repository/keys.ts'
import type { ChunkLocation, ChunkRef, StoredEntry } from '../../repository/types.ts'
import type { FetchJob } from '../../releases/apply/types.ts'
import type { KnownCopies } from '../../releases/managed/copyKnown.ts'

/** What goes to a thread and comes back: files in flat arrays that copy quickly. */
export type FileJob = { job: number } & (
  | { kind: 'write'; files: WriteFile[]; chunks: PackedChunks }
  | { kind: 'compare'; files: CompareFile[] }
  | { kind: 'copy'; copies: KnownCopies }
)

export type FileAnswer = { job: number; same: boolean[] } | { job: number; failure: FailureRecord }

export interface FileThreadData {
  directory: string
  key: RepositoryKey
}

export interface WriteFile {
  to: Uint8Array
  mode: number
  owner: { uid: number; gid: number } | null
  mtimeNs: bigint
  sizeBytes: number
  /** How many of the job's chunks are this file's; they follow in order */
  chunkCount: number
}

export interface CompareFile {
  path: Uint8Array
  sizeBytes: number
  refs: Uint8Array
}

export interface PackedChunks {
  refs: Uint8Array
  packs: string[]
  /** For each chunk: index in `packs`, offset, stored length */
  places: Float64Array
}

export function packChunks(refs: readonly ChunkRef[], locations: readonly ChunkLocation[]): PackedChunks {
  const packs = [...new Set(locations.map((location) => location.pack))]
  const indexes = new Map(packs.map((pack, index) => [pack, index]))
  const places = new Float64Array(locations.length * 3)
  for (const [index, { pack, offset, storedLen }] of locations.entries())
    places.set([indexes.get(pack) ?? 0, offset, storedLen], index * 3)
  return { refs: packChunkRefs(refs), packs, places }
}

export function writeFileOf({ entry, to, mode, owner }: FetchJob<StoredEntry>): WriteFile {
  return { to, mode, owner, mtimeNs: entry.mtimeNs, sizeBytes: entry.sizeBytes, chunkCount: entry.chunks.length }
}

export function compareFileOf(entry: StoredEntry, path: Buffer): CompareFile {
  return { path, sizeBytes: entry.sizeBytes, refs: packChunkRefs(entry.chunks) }
}
