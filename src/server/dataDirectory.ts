import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'

/**
 * Makes the data directory unless it is there. Accounts that run parts of the server have to pass it, so it is open to pass.
 * Each level by itself: where a file system makes no directories, such as `/proc`, Node's own way of doing it never ends.
 *
 * @throws {Failure} CONFIG_INVALID
 */
export function makeDataDirectory(path: string): void {
  try {
    make(path)
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    if (why === null) throw cause
    throw new Failure('CONFIG_INVALID', `Cannot use the data directory "${path}": ${why}`, {
      hint: 'Choose another one with --data or CAIRN_DATA, or run the server as a user that may make it',
      cause,
    })
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
