import { closeSync, constants, openSync } from 'node:fs'
import { openAsPathOnly } from './changes.ts'

const asDirectory = openAsPathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW
const openMax = 200

/**
 * Opens a directory through each component of its absolute path, following no link on the way. The result is a handle to
 * build paths on (`handlePath`), not to read from.
 *
 * @throws ENOTDIR or ELOOP where a component is a link or no directory, ENOENT where it is missing
 */
export function openDirectory(directory: string | Buffer): number {
  const names = splitPath(Buffer.from(directory))
  let fd = openSync('/', asDirectory)
  for (const name of names) {
    const parent = fd
    try {
      fd = openSync(handlePath(parent, name), asDirectory)
    } finally {
      closeSync(parent)
    }
  }
  return fd
}

/** A path below an open directory; the directory itself for an empty name. */
export function handlePath(fd: number, name: Uint8Array | string): Buffer {
  const rest = name.length === 0 ? Buffer.from('.') : Buffer.from(name)
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), rest])
}

/**
 * A directory below which names are reached through handles of their parents: somebody who may write there cannot turn a
 * parent into a link between two calls. Works within this process and its threads only.
 */
export interface HandleTree {
  /**
   * A path for the next call on this entry: valid until the next `at` or `forget`.
   *
   * @throws ENOENT, ENOTDIR or ELOOP where a parent is missing, a link or no directory
   */
  at(path: Buffer): Buffer
  /** Closes what was opened below, after directories were moved */
  forget(): void
  close(): void
}

export function openHandleTree(directory: string | Buffer): HandleTree {
  const top = openDirectory(directory)
  const open = new Map<string, number>()
  const forget = (): void => {
    for (const fd of open.values()) closeSync(fd)
    open.clear()
  }
  const handleOf = (path: Buffer): number => {
    if (path.length === 0) return top
    const key = path.toString('latin1')
    const known = open.get(key)
    if (known !== undefined) return known
    const { parent, name } = splitLast(path)
    const fd = openSync(handlePath(handleOf(parent), name), asDirectory)
    open.set(key, fd)
    return fd
  }
  return {
    at(path) {
      if (open.size > openMax) forget()
      const { parent, name } = splitLast(path)
      return handlePath(handleOf(parent), name)
    },
    forget,
    close() {
      forget()
      closeSync(top)
    },
  }
}

/** `a/b/c` gives `a/b` and `c`. */
export function splitLast(path: Buffer): { parent: Buffer; name: Buffer } {
  const slash = path.lastIndexOf(0x2f)
  return slash < 0 ? { parent: Buffer.alloc(0), name: path } : { parent: path.subarray(0, slash), name: path.subarray(slash + 1) }
}

/** The components of a path; an absolute one loses its slash. */
export function splitPath(path: Buffer): Buffer[] {
  return path
    .toString('latin1')
    .split('/')
    .filter((name) => name !== '')
    .map((name) => Buffer.from(name, 'latin1'))
}
