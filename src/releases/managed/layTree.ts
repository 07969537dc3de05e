import { closeSync, constants, copyFileSync, fstatSync, openSync, type BigIntStats, unlinkSync } from 'node:fs'
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
import { copyFlags, type CopyJob, dressCopy, isUntouched } from './copyOriginal.ts'

export interface LayOptions<E extends Entry> {
  /** An empty directory that nobody but us can enter */
  to: string
  /** A tree that mostly holds the same, perhaps in use by a site meanwhile; null where everything has to be fetched */
  from: string | null
  /** In the order of `comparePaths` */
  want: AsyncIterable<E>
  /**
   * What is known of a file of the other tree without reading it, as of a file whose inode and ctime were recorded: whether it
   * has the wanted content, null when only reading tells. Asked in the order of `want`.
   */
  known?(wanted: E, current: WalkedEntry): boolean | null
  /**
   * Whether the file has the wanted content; sizes are equal already. `current.full` is our own copy of it, which nobody
   * changes; all the rest of `current` is of the original.
   */
  sameContent(wanted: E, current: WalkedEntry): Promise<boolean>
  /**
   * Copies files that are known as `copyOriginal` does, in threads: for each whether it was copied. Without it they are copied
   * here.
   */
  copy?(jobs: CopyJob[]): Promise<boolean[]>
  fetch(jobs: FetchJob<E>[]): Promise<void>
  owner: { uid: number; gid: number }
  run: Run
}

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
 * Nothing is synced. When it fails, the tree is left for the caller to remove.
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
  const copies: { entry: E; path: Buffer; job: CopyJob }[] = []
  const flushCopies = (): void => {
    const batch = copies.splice(0)
    if (batch.length === 0 || options.copy === undefined) return
    const copied = options.copy(batch.map(({ job }) => job)).finally(() => batch.forEach(({ job }) => closeSync(job.fd)))
    begin(copied.then((all) => batch.forEach(({ entry, path }, index) => settleFile(all[index] === true, entry, path))))
  }
  const layFile = (entry: E, path: Buffer, { fd, stat }: Original): void => {
    const current = walked(entry, stat, path)
    const isKnown = options.known?.(entry, current) ?? null
    if (isKnown === false) {
      closeSync(fd)
      return fetchLater(entry, path)
    }
    const job: CopyJob = {
      ...{ fd, ctimeNs: stat.ctimeNs, sizeBytes: entry.sizeBytes, to: path, mtimeNs: entry.mtimeNs },
      mode: modeOf(stat) === plainMode(entry.mode) ? null : plainMode(entry.mode),
      owner: isRoot() ? owner : null,
    }
    if (isKnown === true && options.copy !== undefined) {
      copies.push({ entry, path, job })
      if (copies.length >= copyFilesMax) flushCopies()
      return
    }
    const isSame = async (): Promise<boolean> => isKnown ?? options.sameContent(entry, current)
    const copied = copyIfSame(job, isSame).finally(() => closeSync(fd))
    begin(copied.then((isCopied) => settleFile(isCopied, entry, path)))
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
        const original = source === null ? null : openSame(source, entry)
        if (original === null) fetchLater(entry, path)
        else layFile(entry, path, original)
      }
      run.progress({ doneItems: counts.filesCopied + counts.filesFetched, doneBytes: counts.bytesCopied + counts.bytesFetched })
      if (waiting.size >= copiesMax) await Promise.race(waiting)
      else if (entry.kind === 'directory') await turn() // many small ones must not hold everybody else up
      if (failure !== undefined) throw failure
      if (jobs.length >= batchFilesMax || jobBytes >= batchBytesMax) await flush()
    }
    flushCopies()
    await Promise.all(waiting)
    if (failure !== undefined) throw failure
    await flush()
    // the deepest first: what is made inside a directory changes its time
    for (const { path, entry } of directories.toReversed()) finish(path, entry, owner)
    return counts
  } catch (error) {
    await Promise.all(waiting)
    for (const { job } of copies) closeSync(job.fd)
    throw spaceFailure(error, to)
  } finally {
    source?.close()
  }
}

/** Directories are made by us or not at all: an entry below one that is a link or a file is refused. */
function makeParents(to: string): { enter(path: Buffer): void; make(path: Buffer): void } {
  const open: string[] = [''] // the directories that the entry in work stands in, each as latin1
  const make = (path: Buffer): void => {
    makeDirectory(Buffer.concat([Buffer.from(`${to}/`), path]), 0o700)
    open.push(path.toString('latin1'))
  }
  return {
    make,
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
          make(
            Buffer.from(
              names
                .slice(0, depth + 1)
                .map((name) => name.toString('latin1'))
                .join('/'),
              'latin1',
            ),
          )
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

const copiesMax = 8
/** Each holds a handle until it is copied */
const copyFilesMax = 32
const batchFilesMax = 2_000
const batchBytesMax = 64 << 20

/** A file of the other tree, open. */
interface Original {
  fd: number
  stat: BigIntStats
}

/** The file of this name and size in the other tree; null where there is none. */
function openSame(source: HandleTree, { path, sizeBytes }: Entry): Original | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    const fd = openSync(source.at(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const stat = fstatSync(fd, { bigint: true })
    if (stat.isFile() && stat.size === BigInt(sizeBytes)) return { fd, stat }
    closeSync(fd)
    return null
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO', 'ENAMETOOLONG')) return null
    throw error
  }
}

/** The copy is taken first and judged after: what the site writes in between makes it another file than the one that was known. */
async function copyIfSame(job: CopyJob, isSame: () => Promise<boolean>): Promise<boolean> {
  const from = `/proc/self/fd/${job.fd}`
  const to = Buffer.from(job.to)
  if (job.sizeBytes <= smallBytes) copyFileSync(from, to, copyFlags)
  else await copyFile(from, to, copyFlags)
  if (!isUntouched(job) || !(await isSame())) {
    unlinkSync(to)
    return false
  }
  dressCopy(job)
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
  if (isRoot()) setOwner(path, owner.uid, owner.gid)
  if (entry.kind !== 'link') setMode(path, entry.kind === 'directory' ? plainMode(entry.mode) | 0o700 : plainMode(entry.mode))
  setMtime(path, entry.mtimeNs)
}

/** The site owns all its files and can write them; nothing runs with another's rights. */
export function plainMode(mode: number): number {
  return (mode & 0o777) | 0o600
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}
