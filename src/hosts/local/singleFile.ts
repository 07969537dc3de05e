import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { spaceFailure, syncDirectorySync } from '../../base/files.ts'
import { removeFile, renameEntry, statOrNull } from './changes.ts'
import { handlePath, openDirectory } from './handles.ts'
import { resolveTrusted } from './resolveTrusted.ts'

/** A small file whole, with what it is: all of it from one open file, so that nothing can be exchanged between. */
export interface SingleFile {
  mode: number
  uid: number
  gid: number
  content: Buffer
}

const sizeBytesMax = 1 << 20

/**
 * Reads a small file in a place where others may write. Links are followed as `resolveTrusted` says; a pipe or a device
 * cannot hold the thread.
 *
 * @returns null where nothing stands
 * @throws {Failure} PREFLIGHT_REFUSED when a link is not to be trusted, it cannot be opened, or is no ordinary file of at most 1 MiB
 */
export function readSingleFile(path: string): SingleFile | null {
  let fd: number
  try {
    const real = resolveTrusted(path)
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants
    fd = inDirectory(dirname(real), (parent) =>
      openSync(handlePath(parent, basename(real)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY),
    )
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    if (isErrno(error, 'EACCES', 'ELOOP', 'ENXIO', 'EPERM')) throw refused(path, `it cannot be opened (${error.code})`, error)
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw refused(path, 'it is no ordinary file')
    const content = Buffer.alloc(Math.min(stat.size, sizeBytesMax) + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < content.length; length += got)
      got = readSync(fd, content, length, content.length - length, null)
    if (length > sizeBytesMax) throw refused(path, 'it is larger than 1 MiB')
    return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, content: content.subarray(0, length) }
  } finally {
    closeSync(fd)
  }
}

/**
 * Puts a small file where none stands, whole or not at all. Its owner and mode are set before it has its name, on the open
 * file: what somebody puts into its place meanwhile is not touched. Only root gives it to its owner.
 *
 * @returns false where something stands there already, or the directory is gone
 * @throws {Failure} PREFLIGHT_REFUSED when a link on the way is not to be trusted
 */
export function putSingleFile(path: string, file: SingleFile): boolean {
  try {
    return inDirectory(resolveTrusted(dirname(path)), (parent) => {
      const place = handlePath(parent, basename(path))
      if (statOrNull(place) !== null) return false
      const aside = handlePath(parent, `.${basename(path)}.${randomBytes(12).toString('hex')}.tmp`)
      try {
        writeWhole(aside, file)
        renameEntry(aside, place)
      } catch (error) {
        if (statOrNull(aside) !== null) removeFile(aside)
        throw spaceFailure(error, path)
      }
      syncDirectorySync(handlePath(parent, '').toString())
      return true
    })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false
    throw error
  }
}

function writeWhole(path: Buffer, { mode, uid, gid, content }: SingleFile): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    for (let done = 0; done < content.length;) done += writeSync(fd, content, done)
    if (process.geteuid?.() === 0) fchownSync(fd, uid, gid)
    fchmodSync(fd, mode & 0o777) // behind the owner: giving a file away takes some of its mode along
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Through a directory that is opened following no link: it stays the one that was judged. */
function inDirectory<T>(directory: string, work: (parent: number) => T): T {
  const parent = openDirectory(directory)
  try {
    return work(parent)
  } finally {
    closeSync(parent)
  }
}

function refused(path: string, what: string, cause?: unknown): Failure {
  return new Failure('PREFLIGHT_REFUSED', `Cannot read the configuration "${path}": ${what}`, {
    hint: 'Put the file in its place, or tell Cairn anew where the configuration stands: cairn site:attach SITE.ENV --again',
    retry: 'after-repair',
    cause,
  })
}
