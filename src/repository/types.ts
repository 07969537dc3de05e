import type { Ulid } from '../base/ids.ts'
import type { Entry } from '../archive/entry.ts'
import type { Actor, Element, Trigger, Warning } from '../contract/words.ts'
import type { RepositoryKeys } from './keys.ts'

/** Names one encoding of one chunk. Packed into 76 bytes by `packChunkRef` (chunkRef.ts). */
export interface ChunkRef {
  /** 32 bytes, keyed: HMAC of the raw bytes */
  id: Buffer
  /** 32 bytes, keyed MAC of the fragment (the encoded bytes, before sealing) */
  encMac: Buffer
  rawLen: number
  /** Length of the fragment, what the chunk adds to an archive */
  encLen: number
  /** CRC-32 of the raw bytes */
  crc: number
}

export interface StoredEntry extends Entry {
  chunks: ChunkRef[]
}

export interface PageSummary {
  ref: ChunkRef
  firstPath: Buffer
  entryCount: number
  archiveLength: number
  rawLength: number
  crc: number
  digest: Buffer
  padIn: number
  padOut: number
}

/** The root of one element at one moment, decoded. */
export interface Manifest {
  version: 1
  element: Element
  archivePrefix: string
  glueVersion: number
  chunker: string
  /** sql: the bodies of the sections one after another, no tar headers */
  form: 'tar' | 'sql'
  entryCount: number
  /** Sum of the bodies */
  rawBytes: number
  /** Bytes of the whole `.gz` */
  archiveLength: number
  archiveCrc: number
  archiveRawLength: number
  etag: string
  /** ISO-8601 */
  madeAt: string
  pages: PageSummary[]
  /** About the source: a database's tables and rows, and the like */
  facts: Record<string, unknown>
}

export type ManifestRef = ChunkRef

export interface ChunkLocation {
  pack: string
  /** Of the blob's clear header in the pack */
  offset: number
  /** Of the sealed bytes behind the header */
  storedLen: number
}

export interface BackupElement {
  /** The packed ChunkRef of the root, hex */
  manifest: string
  archiveLength: number
  rawBytes: number
  entryCount: number
  momentAt: string
  etag: string
}

/** The only commit point and the only root: what no backup object names is garbage. */
export interface BackupObject {
  version: 1
  id: Ulid
  site: string
  environment: string
  environmentId: string
  trigger: Trigger
  actor: Actor
  startedAt: string
  momentAt: string
  elements: Partial<Record<Element, BackupElement>>
  warnings: Warning[]
  facts: Record<string, unknown>
  /** base64 of the sealed configuration files, or null */
  sealedConfig: string | null
  expiresAt: string | null
  note: string | null
}

export const siblingKinds = ['proof', 'lock', 'expiry', 'note', 'deletion'] as const
export type SiblingKind = (typeof siblingKinds)[number]

export interface FoundChunk {
  encMac: Buffer
  encLen: number
}

/** One blob of a finished pack, as the index keeps it. */
export interface PackedBlob {
  id: Buffer
  encMac: Buffer
  offset: number
  storedLen: number
}

export interface FinishedPack {
  name: string
  lengthBytes: number
  /** Of the whole file */
  sha256: Buffer
  blobs: PackedBlob[]
}

/** One writer. Everything that a backup refers to must have been found, added or pinned through the session that commits it. */
export interface WriteSession {
  readonly id: Ulid
  /** Looks up ids in live packs and pins these packs; null where no live pack holds the chunk. Order is kept. */
  find(ids: readonly Buffer[]): Promise<(FoundChunk | null)[]>
  /** Pins the packs of these encodings; gives the places in `refs` of those that no live pack holds. */
  pin(refs: readonly ChunkRef[]): Promise<number[]>
  /** Records a pack that is durable on disk, with its chunks, and pins it. */
  addPack(pack: FinishedPack): Promise<void>
  /** Says that every chunk of this page was found, added or pinned here: the commit need not read the page again. */
  coverPage(page: ChunkRef): void
  isCovered(page: ChunkRef): boolean
  /** @throws {Failure} SESSION_LOST when the lease ended or the session's row is gone */
  assertAlive(): Promise<void>
  /** Ends the session without a commit; its packs stay as garbage until the next sweep. Safe to call twice. */
  close(): Promise<void>
}

export interface CheckProblem {
  code: 'CHUNK_MISSING' | 'CHUNK_DAMAGED' | 'MANIFEST_DAMAGED' | 'REPOSITORY_DAMAGED'
  message: string
  /** The backups that the damage touches, where known */
  backups: string[]
}

export interface CheckReport {
  ok: boolean
  readData: boolean
  backups: number
  packs: number
  chunks: number
  bytesRead: number
  problems: CheckProblem[]
}

export interface RepositoryStats {
  backups: number
  packs: number
  chunks: number
  /** Bytes of all packs that exist */
  storedBytes: number
  /** Sum of the lengths of all archives that backups offer */
  archiveBytes: number
  /** Sum of what they hold: file contents and dumps, before compression */
  rawBytes: number
}

export interface ReconcileReport {
  removedTemporaries: number
  droppedSessions: number
  missingPacks: string[]
  /** Packs on disk that the index did not know, now indexed */
  adoptedPacks: string[]
  /** Packs on disk that cannot be read; left where they are */
  unreadablePacks: string[]
  backups: string[]
}

export interface Repository {
  readonly id: string
  readonly keys: RepositoryKeys
  readonly directory: string
  /** Names this process in temporary files and sessions */
  readonly instance: string
  /** @throws {Failure} CHUNK_MISSING */
  locate(refs: readonly ChunkRef[]): Promise<ChunkLocation[]>
  /** Raw bytes; GCM, length and CRC verified. @throws {Failure} CHUNK_DAMAGED */
  readChunk(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer>
  /** The deflate fragment, authenticated. @throws {Failure} CHUNK_DAMAGED */
  readFragment(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer>
  loadManifest(ref: ManifestRef): Promise<Manifest>
  openSession(): Promise<WriteSession>
  /** The commit. @throws {Failure} SESSION_LOST when a pack it refers to is not live and pinned by this very session */
  commitBackup(session: WriteSession, object: BackupObject): Promise<void>
  readBackupObject(id: string): Promise<BackupObject>
  /** Ids in order */
  listBackupObjects(): Promise<string[]>
  /** Writes the next numbered object beside a backup; nothing is ever rewritten */
  putSibling(id: string, kind: SiblingKind, body: object): Promise<void>
  /** The highest number of each kind */
  readSiblings(id: string): Promise<Partial<Record<SiblingKind, Record<string, unknown>>>>
  check(options: {
    readData: boolean
    onProgress?: (doneBytes: number, totalBytes: number) => void
    signal?: AbortSignal
  }): Promise<CheckReport>
  stats(): Promise<RepositoryStats>
  reconcile(): Promise<ReconcileReport>
  close(): Promise<void>
}
