import type { Entry } from '../../archive/entry.ts'
import type { Run } from '../../base/run.ts'
import type { TreeRoot } from '../../hosts/treeSource.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'

/** One file to write: content of `entry`, at `to` (a new file; fail if it exists), with this mode, owner and `entry.mtimeNs`. */
export interface FetchJob<E extends Entry = Entry> {
  entry: E
  /** Inside our own process only: it may lead through an open handle */
  to: Buffer
  mode: number
  /** Null: whoever we are */
  owner: { uid: number; gid: number } | null
}

/** One element that is to become what a manifest says. */
export interface ApplyPart<E extends Entry = Entry> {
  /** Where the element's paths stand; canonical directories. A root that is missing is made. */
  roots: readonly TreeRoot[]
  /** The wanted entries in the order of `comparePaths`; asked for again by each pass */
  want(): AsyncIterable<E>
  /** Never touched and never removed, with all below it, whether it is there or not */
  keep(relPath: string, isDirectory: boolean): boolean
  /** Left alone where it is there, restored where it is missing */
  keepPresent?(relPath: string): boolean
  /** Whether the file that stands there has the wanted content; sizes are equal already. Several are asked at a time. */
  sameContent(wanted: E, current: WalkedEntry): Promise<boolean>
  fetch(jobs: FetchJob<E>[]): Promise<void>
}

export interface ApplyOptions<E extends Entry = Entry> {
  parts: readonly ApplyPart<E>[]
  /** `.cairn-` and 32 hex digits (`newWorkName`): recorded by the caller before the first call */
  workName: string
  run: Run
  /** Makes everything on the disk of this directory durable; default `sync -f` */
  syncDisk?: (directory: string) => Promise<void>
}

export interface ApplyCounts {
  filesAdded: number
  filesChanged: number
  filesRemoved: number
  /** Directories and links added, changed or removed */
  othersChanged: number
  /** Same content, other mode or time */
  metadataOnly: number
  unchanged: number
  bytesToWrite: number
  bytesRemoved: number
  /** Modes and times that an ordinary user cannot set, because the entry belongs to another */
  notSettable: number
}

export type ChangeKind = 'added' | 'changed' | 'removed'

export interface ApplyPreview {
  counts: ApplyCounts
  /** The first changes, in order */
  changes: { change: ChangeKind; path: string }[]
}

export interface ApplyPlan extends ApplyPreview {
  /** Absolute path of the work directory that holds the journal; all that the later calls need */
  home: string
}

/** One entry moves out, one moves in, or both. Paths are bytes written one to a character (latin1). */
export interface Move {
  number: number
  area: number
  path: string
  /** Something stood there before */
  old: boolean
  /** Something shall stand there */
  fresh: boolean
  /** Mode where it is a directory, else 0: one without write permission must be unlocked to be moved */
  oldMode: number
  freshMode: number
}

/** Mode and time of an entry that stays where it is. */
export interface Detail {
  area: number
  path: string
  isDirectory: boolean
  isLink: boolean
  oldMode: number
  newMode: number
  /** Decimal: JSON has no big integers */
  oldMtimeNs: string
  newMtimeNs: string
}

export type JournalState = 'prepared' | 'forward' | 'done' | 'back' | 'undone' | 'dropping'
