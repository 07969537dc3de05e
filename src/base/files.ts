import { randomBytes } from 'node:crypto'
import { close, closeSync, constants, fsync, fsyncSync, lstatSync, open, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Failure, isErrno } from './failure.ts'

const openFile = promisify(open)
const syncFile = promisify(fsync)
const closeFile = promisify(close)

/** Syncs a directory, so that the names made or removed in it outlive a power loss. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = await openFile(path, 'r')
  try {
    await syncFile(fd)
  } finally {
    await closeFile(fd)
  }
}

export function syncDirectorySync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Replaces a small file whole: written beside, synced, renamed, the directory synced. After a crash it is old or new. */
export function writeFileDurably(path: string, content: string | Uint8Array, mode = 0o600): void {
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const fd = openSync(aside, 'wx', mode)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    let done = 0
    while (done < bytes.length) done += writeSync(fd, bytes, done)
    fsyncSync(fd)
  } catch (error) {
    rmSync(aside, { force: true })
    throw spaceFailure(error, path)
  } finally {
    closeSync(fd)
  }
  renameSync(aside, path)
  syncDirectorySync(dirname(path))
}

/**
 * An empty file of mode 0600 that no directory names, open for reading and writing: it is gone when the last handle is, however
 * that ends. Where the file system has no such files, it has a name for as long as it takes to remove it.
 */
export function openNameless(directory: string): number {
  const temporaryFile = 0o20000000 | constants.O_DIRECTORY // O_TMPFILE, which Node does not name
  try {
    return openSync(directory, temporaryFile | constants.O_RDWR, 0o600)
  } catch (error) {
    if (!isErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'EISDIR')) throw error
  }
  const path = join(directory, `cairn-${randomBytes(12).toString('hex')}`)
  const fd = openSync(path, 'wx+', 0o600)
  rmSync(path)
  return fd
}

/** Words a full disk; gives every other error back as it came. */
export function spaceFailure(error: unknown, path: string): unknown {
  if (!isErrno(error, 'ENOSPC', 'EDQUOT')) return error
  return new Failure('SPACE_LACKING', `Cannot write "${path}": no space is left on the disk`, {
    hint: 'Free space on this disk and run the command again; nothing was changed',
    retry: 'after-repair',
    cause: error,
  })
}

/** The only place that deletes trees. Refuses anything that is not below `inside`. */
export function removeTree(path: string, inside: string): void {
  if (!path.startsWith(`${inside}/`) || path.includes('/../')) {
    throw new Error(`removeTree: "${path}" is not below "${inside}"`)
  }
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined) rmSync(path, { recursive: true, force: true })
}
