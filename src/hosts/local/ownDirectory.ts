import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { makeDirectory } from './changes.ts'
import { handlePath } from './handles.ts'

/**
 * Makes a directory that only we may enter in one where others may write, and opens it. They can exchange its name at any
 * time, so everything below is to be reached by the handle; what stood at the name when it was opened is ours and empty.
 *
 * @throws {Failure} APPLY_CONFLICT when it was exchanged before it could be opened
 */
export function makeOwnDirectory(parent: number, name: string): number {
  const path = handlePath(parent, name)
  makeDirectory(path, 0o700)
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw exchanged(name, error)
    throw error
  }
  try {
    const { uid, mode } = fstatSync(fd)
    const isOurs = uid === process.geteuid?.() && (mode & 0o777) === 0o700
    if (isOurs && readdirSync(`/proc/self/fd/${fd}`).length === 0) return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  throw exchanged(name)
}

function exchanged(name: string, cause?: unknown): Failure {
  return new Failure('APPLY_CONFLICT', `Cannot use the directory "${name}": it was exchanged as soon as it was made`, {
    hint: 'Somebody interferes with what Cairn does in this tree: find out who before anything else',
    retry: 'after-repair',
    cause,
  })
}
