import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { pathTrouble } from '../base/pathTrouble.ts'

/**
 * Makes the data directory unless it is there. Accounts that run parts of the server have to pass it, so it is open to pass.
 * Each level by itself: where a file system makes no directories, such as `/proc`, Node's own way of doing it never ends.
 *
 * @throws {Failure} CONFIG_INVALID
 */
export function makeDataDirectory(path: string): void {
  try {
    make(path)
    accessSync(path, constants.W_OK | constants.X_OK) // one that is there may be somebody else's
  } catch (cause) {
    if (!isErrno(cause)) throw cause
    throw new Failure('CONFIG_INVALID', `Cannot use the data directory "${path}": ${refusedBy(cause)}`, {
      hint: 'Choose another one with --data or CAIRN_DATA, or run the server as a user that may make it',
      cause,
    })
  }
}

function refusedBy(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'ENOENT':
      return 'no directory can be made there'
    case 'EEXIST':
    case 'ENOTDIR':
      return 'something else than a directory stands there, or on the way'
    default:
      return `it ${pathTrouble(cause, 'written') ?? `cannot be made (${cause.code})`}`
  }
}

function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o711 })
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'EROFS', 'EISDIR') && isDirectory(path)) return
    const above = dirname(path)
    if (!isErrno(error, 'ENOENT') || above === path || existsSync(above)) throw error
    make(above)
    mkdirSync(path, { mode: 0o711 })
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
