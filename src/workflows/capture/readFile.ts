import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { isErrno } from '../../base/failure.ts'
import { type CaptureWarning, type FileToRead, fromText } from './messages.ts'

/** Non-blocking, so that a pipe that was put in the place of a file cannot hold the thread. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

export type Opened = { fd: number; stat: BigIntStats } | { warning: CaptureWarning }

/**
 * Opens a file of the tree. What the path leads to must still be a plain file at this very place: somebody who may write
 * to the tree could have turned a directory on the way into a link to elsewhere.
 */
export function openForReading(file: FileToRead): Opened {
  const shown = shownPath(file)
  const full = fromText(file.full)
  let fd: number
  try {
    fd = openSync(full, flags)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return { warning: vanished(shown) }
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'ENAMETOOLONG', 'ESTALE', 'EBUSY', 'ETXTBSY'))
      return { warning: unreadable(shown, error) }
    throw error
  }
  const stat = fstatSync(fd, { bigint: true })
  if (stat.isFile() && readlinkSync(`/proc/self/fd/${fd}`, 'buffer').equals(full)) return { fd, stat }
  closeSync(fd)
  return { warning: vanished(shown) }
}

/** The path as people see it. */
export function shownPath(file: FileToRead): string {
  return fromText(file.path).toString()
}

/** Whether a file is what it was: nobody wrote to it, cut it or changed its mode meanwhile. */
export function isUnchanged(a: BigIntStats, b: BigIntStats): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

/** Reads until `to` is full or the file ends; gives the bytes read. */
export function readInto(fd: number, to: Buffer, from: number, end: number): number {
  let at = from
  while (at < end) {
    const read = readSync(fd, to, at, end - at, null)
    if (read === 0) break
    at += read
  }
  return at - from
}

export function vanished(path: string): CaptureWarning {
  return { code: 'ENTRY_VANISHED', message: `"${path}" vanished or was replaced while it was read`, path }
}

export function unreadable(path: string, error: NodeJS.ErrnoException): CaptureWarning {
  return { code: 'ENTRY_UNREADABLE', message: `"${path}" cannot be read: ${String(error.code)}`, path }
}

export function changing(path: string): CaptureWarning {
  return { code: 'ENTRY_CHANGING', message: `"${path}" kept changing while it was read: its content may mix two versions`, path }
}
