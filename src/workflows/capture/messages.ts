import type { FailureRecord } from '../../base/failure.ts'
import type { PackReceipt } from '../../repository/packs/packWriter.ts'
import type { ArchiveForm } from '../../repository/pageSummary.ts'
import type { ChunkStoreOptions } from '../../repository/threads/chunkStore.ts'

/*
 * What crosses threads: ids, 76-byte references and encoded pages. Contents never do, but for a stream's shared slots.
 */

/**
 * Bytes as latin1 text, one character a byte. There are several for each file, and a small string crosses threads for a
 * fraction of what an ArrayBuffer costs both sides.
 */
export type ByteText = string

export const toText = (bytes: Uint8Array): ByteText =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
export const fromText = (text: ByteText): Buffer => Buffer.from(text, 'latin1')

/** One file to read. `hint` is the packed chunk list of the entry that stood here in the manifest before, or empty. */
export interface FileToRead {
  /** Of the entry in its page */
  index: number
  full: ByteText
  path: ByteText
  sizeBytes: number
  hint: ByteText
}

/** What was read; `stat` is null when the file is to be left out. */
export interface FileRead {
  index: number
  refs: ByteText
  stat: { sizeBytes: number; mtimeNs: bigint; mode: number; uid: number; gid: number; ino: bigint; ctimeNs: bigint } | null
}

export interface CaptureWarning {
  code: 'ENTRY_SKIPPED' | 'ENTRY_UNREADABLE' | 'ENTRY_VANISHED' | 'ENTRY_CHANGING'
  message: string
  path: string
}

export type EncoderJob =
  | { kind: 'files'; files: FileToRead[] }
  /** Of each chunk in the slot: offset, length, and 1 when it may be incompressible */
  | { kind: 'spans'; memory: SharedArrayBuffer; spans: Uint32Array }
  /** `entries` is an encoded page; `stats` holds inode and ctime of each of its entries */
  | { kind: 'page'; entries: Uint8Array; stats: Uint8Array; read: FileRead[]; padIn: number; archive: ArchiveForm }
  | { kind: 'root'; plain: Uint8Array }

export interface PageResult {
  /** Packed; null when no entry is left */
  ref: Uint8Array | null
  firstPath: Uint8Array
  entryCount: number
  archiveLength: number
  rawLength: number
  crc: number
  digest: Uint8Array
  padIn: number
  padOut: number
  /** Sum of the bodies */
  bodyBytes: number
  stats: Uint8Array
}

export interface EncoderResults {
  files: { read: FileRead[]; warnings: CaptureWarning[]; readBytes: number }
  spans: { refs: Uint8Array }
  page: PageResult
  root: { ref: Uint8Array }
}

/** 0: encode it; 1: here is its encoding; 2: another job is encoding it, ask again with `wait`. */
export const chunkStates = { encode: 0, known: 1, underWay: 2 } as const

export interface FindAnswer {
  states: Uint8Array
  /** For each `known` one in order: MAC 32, fragment length 4 */
  known: Uint8Array
}
export const knownBytes = 36

/** Questions of an encoder, which has no way to the state database. */
export type Question =
  | { kind: 'find'; ids: Uint8Array }
  /** Packed references of chunks that another job was encoding: answered with their MACs and lengths */
  | { kind: 'wait'; ids: Uint8Array }
  /** Answered with the places of those that are not to be had */
  | { kind: 'pin'; refs: Uint8Array }

export type ToEncoder =
  | { t: 'begin'; options: ChunkStoreOptions; batchBytes: number }
  | { t: 'job'; job: number; slot: number; work: EncoderJob }
  | { t: 'answer'; ask: number; answer: FindAnswer | Uint8Array | Uint32Array }
  | { t: 'finish' }
  | { t: 'abort' }

export type FromEncoder =
  | { t: 'ready' }
  | { t: 'done'; job: number; slot: number; result: EncoderResults[keyof EncoderResults] }
  | { t: 'ask'; ask: number; question: Question }
  /** Ids and, for each, MAC and length: what this thread has just encoded */
  | { t: 'encoded'; ids: Uint8Array; known: Uint8Array }
  | { t: 'temporary'; path: string }
  | { t: 'pack'; pack: PackReceipt }
  | { t: 'finished' }
  | { t: 'aborted' }
  | { t: 'failed'; failure: FailureRecord; stack: string | null }

/** A page as the scanner found it. */
export interface ScannedPage {
  t: 'page'
  /** Encoded; chunks are there for entries that did not change */
  entries: Uint8Array
  stats: Uint8Array
  entryCount: number
  bodyBytes: number
  padIn: number
  /** Packed references of all chunks that are taken over */
  known: Uint8Array
  toRead: FileToRead[]
  /** The page of the manifest before that this one is equal to, or -1 */
  sameAs: number
}

export type FromScanner =
  | ScannedPage
  | { t: 'warning'; warning: CaptureWarning }
  | { t: 'end'; entries: number; toReadBytes: number }
  | { t: 'failed'; failure: FailureRecord; stack: string | null }
