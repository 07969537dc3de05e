import { closeSync, copyFileSync, fstatSync, type BigIntStats, unlinkSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import type { Entry } from '../../archive/entry.ts'
import { Failure, isErrno } from '../../base/failure.ts'
import { spaceFailure } from '../../base/files.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import { makeDirectory, makeLink, modeOf, setMode, setMtime, setOwner } from '../../hosts/local/changes.ts'
import { type HandleTree, openHandleTree, splitLast, splitPath } from '../../hosts/local/handles.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'
import type { FetchJob } from '../apply/types.ts'
import { copyFlags, copyKnown, type KnownCopies, type KnownCopy, openRegular, packCopies } from './copyKnown.ts'

export interface LayOptions<E extends Entry> {
  /** An empty directory that nobody but us can enter */
  to: string
  /** A tree that mostly holds the same, perhaps in use by a site meanwhile; null where everything has to be fetched */
  from: string | null
  /** In the order of `comparePaths` */
  want: AsyncIterable<E>
  /**
   * What is known of a file of the other tree without opening it, such as by the last backup: that its content was another one,
   * or that it was the wanted one, of a file with this inode and ctime. Null when only reading tells. Asked in the order of `want`.
   */
  known?(wanted: E): KnownFile | null
  /**
   * Whether the file has the wanted content; sizes are equal already. `current.full` is our own copy of it, which nobody
   * changes; all the rest of `current` is of the original.
   */
  sameContent(wanted: E, current: WalkedEntry): Promise<boolean>
  /** `copyKnown` in a thread. Without it they are copied here. */
  copy?(copies: KnownCopies): Promise<boolean[]>
  fetch(jobs: FetchJob<E>[]): Promise<void>
  owner: { uid: number; gid: number }
  run: Run
}

export type KnownFile = { isSame: false } | ({ isSame: true } & KnownCopy['recorded'])

export interface LayCounts {
  filesCopied: number
  filesFetched: number
  bytesCopied: number
  bytesFetched: number
}

/**
 * Writes a tree whole: what another tree has already is copied from there, as a reflink where the file system has them and never
 * as a hard link (a site that writes into a file would change the backup's other releases), the rest is fetched. The other tree
 * is read through handles, so that a site which turns its directories into links meanwhile leads us nowhere.
 *
 * All of it belongs to the owner and is readable and writable for it, with no more rights than it had; `to` itself too, but nobody
 * else may enter there. Nothing is synced. When it fails, the tree is left for the caller to remove.
 *
 * @throws {Failure} SPACE_LACKING, WORKFLOW_CANCELLED, and what `fetch` throws
 */
export async function layTree<E extends Entry>(options: LayOptions<E>): Promise<LayCounts> {
  const { to, from, want, owner, run } = options
  const counts: LayCounts = { filesCopied: 0, filesFetched: 0, bytesCopied: 0, bytesFetched: 0 }
  const source = from === null ? null : openHandleTree(from)
  const parents = makeParents(to)
  const directories: { path: Buffer; entry: E }[] = []
  const jobs: FetchJob<E>[] = []
  const waiting = new Set<Promise<void>>()
  let failure: unknown
  let jobBytes = 0
  const flush = async (): Promise<void> => {
    const batch = jobs.splice(0)
    jobBytes = 0
    if (batch.length > 0) await options.fetch(batch)
  }
  const fetchLater = (entry: E, path: Buffer): void => {
    jobs.push({ entry, to: path, mode: plainMode(entry.mode), owner: isRoot() ? owner : null })
    jobBytes += entry.sizeBytes
    counts.filesFetched += 1
    counts.bytesFetched += entry.sizeBytes
  }
  const settleFile = (isCopied: boolean, entry: E, path: Buffer): void => {
    if (!isCopied) return fetchLater(entry, path)
    counts.filesCopied += 1
    counts.bytesCopied += entry.sizeBytes
  }
  const begin = (task: Promise<void>): void => {
    const work: Promise<void> = task.catch((error: unknown) => void (failure ??= error)).finally(() => waiting.delete(work))
    waiting.add(work)
  }
  const layFile = (entry: E, path: Buffer): void => {
    const original = source === null ? null : openSame(source, entry)
    if (original === null) return fetchLater(entry, path)
    const copied = copyIfSame(options, entry, path, original).finally(() => closeSync(original.fd))
    begin(copied.then((isCopied) => settleFile(isCopied, entry, path)))
  }
  const changed: { entry: E; path: Buffer }[] = []
  let copies: { entry: E; path: Buffer; copy: KnownCopy }[] = []
  const flushCopies = (): void => {
    const batch = copies
    copies = []
    if (from === null || batch.length === 0) return
    const packed = packCopies(
      { from, to, owner: isRoot() ? owner : null },
      batch.map(({ copy }) => copy),
    )
    const copied = options.copy === undefined ? turn().then(() => copyKnown(packed)) : options.copy(packed)
    begin(
      copied.then((all) =>
        batch.forEach(({ entry, path }, index) => {
          if (all[index] === true) settleFile(true, entry, path)
          else changed.push({ entry, path })
        }),
      ),
    )
  }
  const roomToWork = async (): Promise<void> => {
    while (waiting.size >= copiesMax) await Promise.race(waiting)
  }
  /** What is not any more the file that was known, a few at a time */
  const lookAgain = async (): Promise<void> => {
    for (let next = changed.shift(); next !== undefined; next = changed.shift()) {
      layFile(next.entry, next.path)
      await roomToWork()
    }
  }
  const copyLater = (entry: E, path: Buffer, recorded: KnownCopy['recorded']): void => {
    copies.push({ entry, path, copy: { path: entry.path, recorded, mode: plainMode(entry.mode), mtimeNs: entry.mtimeNs } })
    if (copies.length >= copyFilesMax) flushCopies()
  }
  try {
    for await (const entry of want) {
      stopIfCancelled(run)
      const path = entry.path.length === 0 ? Buffer.from(to) : Buffer.concat([Buffer.from(`${to}/`), entry.path])
      parents.enter(entry.path)
      if (entry.kind === 'directory') {
        if (entry.path.length > 0) parents.make(entry.path)
        directories.push({ path, entry })
      } else if (entry.kind === 'link') {
        makeLink(entry.target, path)
        finish(path, entry, owner)
      } else {
        const known = source === null ? null : (options.known?.(entry) ?? null)
        if (known === null) layFile(entry, path)
        else if (known.isSame) copyLater(entry, path, known)
        else fetchLater(entry, path)
      }
      run.progress({ doneItems: counts.filesCopied + counts.filesFetched, doneBytes: counts.bytesCopied + counts.bytesFetched })
      if (waiting.size >= copiesMax) await roomToWork()
      else if (entry.kind === 'directory') await turn() // many small ones must not hold everybody else up
      await lookAgain()
      if (failure !== undefined) throw failure
      if (jobs.length >= batchFilesMax || jobBytes >= batchBytesMax) await flush()
    }
    flushCopies()
    while (waiting.size + changed.length > 0) {
      await lookAgain()
      await Promise.all(waiting)
    }
    if (failure !== undefined) throw failure
    await flush()
    for (const path of parents.implied()) own(path, 0o700, owner)
    // the deepest first: what is made inside a directory changes its time
    for (const { path, entry } of directories.toReversed()) finish(path, entry, owner)
    return counts
  } catch (error) {
    await Promise.all(waiting)
    throw spaceFailure(error, to)
  } finally {
    source?.close()
  }
}

/** Directories are made by us or not at all: an entry below one that is a link or a file is refused. */
function makeParents(to: string): { enter(path: Buffer): void; make(path: Buffer): void; implied(): Buffer[] } {
  const open: string[] = [''] // the directories that the entry in work stands in, each as latin1
  const implied: Buffer[] = [Buffer.from(to)]
  const make = (path: Buffer): Buffer => {
    const full = Buffer.concat([Buffer.from(`${to}/`), path])
    makeDirectory(full, 0o700)
    open.push(path.toString('latin1'))
    return full
  }
  return {
    make: (path) => void make(path),
    implied: () => implied,
    enter(path) {
      const { parent } = splitLast(path)
      const key = parent.toString('latin1')
      const isAbove = (above: string): boolean => above === '' || key === above || key.startsWith(`${above}/`)
      while (!isAbove(open.at(-1) ?? '')) open.pop()
      if ((open.at(-1) ?? '') === key) return
      // an archive need not name its directories
      const names = splitPath(parent)
      for (let depth = splitPath(Buffer.from(open.at(-1) ?? '', 'latin1')).length; depth < names.length; depth++) {
        try {
          const path = names.slice(0, depth + 1).map((name) => name.toString('latin1'))
          implied.push(make(Buffer.from(path.join('/'), 'latin1')))
        } catch (error) {
          if (!isErrno(error, 'EEXIST', 'ENOTDIR')) throw error
          throw new Failure(
            'VERIFY_FAILED',
            `Cannot write "${path.toString()}": it would stand in something that is no directory`,
          )
        }
      }
    },
  }
}

/** Single files that are read, or groups of known ones */
const copiesMax = 16
/** Each group is one message to a thread, and costs it some handles */
const copyFilesMax = 64
const batchFilesMax = 2_000
const batchBytesMax = 64 << 20

/** A file of the other tree, open. */
interface Original {
  fd: number
  stat: BigIntStats
}

/** The file of this name and size in the other tree; null where there is none. */
function openSame(source: HandleTree, { path, sizeBytes }: Entry): Original | null {
  const fd = openRegular(source, path)
  if (fd === null) return null
  const stat = fstatSync(fd, { bigint: true })
  if (stat.isFile() && stat.size === BigInt(sizeBytes)) return { fd, stat }
  closeSync(fd)
  return null
}

/** The copy is taken first and judged after: what the site writes in between makes it another file than the one that was opened. */
async function copyIfSame<E extends Entry>(
  { sameContent, owner }: Pick<LayOptions<E>, 'sameContent' | 'owner'>,
  entry: E,
  to: Buffer,
  { fd, stat }: Original,
): Promise<boolean> {
  const from = `/proc/self/fd/${fd}`
  if (entry.sizeBytes <= smallBytes) copyFileSync(from, to, copyFlags)
  else await copyFile(from, to, copyFlags)
  const after = fstatSync(fd, { bigint: true })
  const isUntouched = after.ctimeNs === stat.ctimeNs && after.size === stat.size
  if (!isUntouched || !(await sameContent(entry, walked(entry, stat, to)))) {
    unlinkSync(to)
    return false
  }
  const mode = plainMode(entry.mode)
  own(to, modeOf(stat) === mode ? null : mode, owner) // its own came along with the content
  setMtime(to, entry.mtimeNs)
  return true
}

/** Copied at once: a turn through the thread pool would cost more. */
const smallBytes = 64 << 10

function walked(entry: Entry, stat: BigIntStats, full: Buffer): WalkedEntry {
  return {
    ...{ path: entry.path, kind: 'file', full, dev: stat.dev, ino: stat.ino, ctimeNs: stat.ctimeNs, mtimeNs: stat.mtimeNs },
    ...{ mode: modeOf(stat), uid: Number(stat.uid), gid: Number(stat.gid), user: '', group: '' },
    ...{ sizeBytes: Number(stat.size), target: Buffer.alloc(0), secret: false, linkGroup: 0 },
  }
}

function finish(path: Buffer, entry: Entry, owner: { uid: number; gid: number }): void {
  own(path, entry.kind === 'link' ? null : plainMode(entry.mode) | (entry.kind === 'directory' ? 0o700 : 0), owner)
  setMtime(path, entry.mtimeNs)
}

function own(path: Buffer, mode: number | null, owner: { uid: number; gid: number }): void {
  if (isRoot()) setOwner(path, owner.uid, owner.gid)
  if (mode !== null) setMode(path, mode) // behind the owner: giving a file away takes some of its mode along
}

/** The site owns all its files and can write them; nothing runs with another's rights. */
export function plainMode(mode: number): number {
  return (mode & 0o777) | 0o600
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}
