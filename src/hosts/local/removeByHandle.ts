import { closeSync, constants, fchmodSync, openSync, readdirSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { modeOf, removeEmptyDirectory, removeFile, setMode, statOrNull } from './changes.ts'
import { handlePath } from './handles.ts'
import { mountIdOfHandle } from './mounts.ts'

/**
 * Deletes an entry with all below it, through handles: a directory that turns into a link meanwhile is never entered. Does
 * nothing when the entry is not there.
 *
 * @param parent an open handle of the directory that holds it
 * @throws {Failure} APPLY_CONFLICT when another mount lies inside; what was deleted before it stays deleted
 */
export function removeByHandle(parent: number, name: Uint8Array): void {
  const path = handlePath(parent, name)
  const stat = statOrNull(path)
  if (stat === null) return
  if (!stat.isDirectory()) return removeFile(path)
  const fd = openForReading(path, modeOf(stat))
  if (fd === null) return removeFile(path)
  try {
    if (mountIdOfHandle(fd) !== mountIdOfHandle(parent)) {
      throw new Failure('APPLY_CONFLICT', `Cannot delete "${Buffer.from(name).toString()}": another disk is mounted there`, {
        hint: 'Unmount it first: nothing on it was deleted',
        retry: 'after-repair',
      })
    }
    // our own directory may lack the right to remove what it holds
    if (process.geteuid?.() !== 0 && (stat.mode & 0o300n) !== 0o300n) fchmodSync(fd, modeOf(stat) | 0o700)
    for (const child of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) removeByHandle(fd, child)
  } finally {
    closeSync(fd)
  }
  removeEmptyDirectory(path)
}

/** Null when it is no directory any more. */
function openForReading(path: Buffer, mode: number): number | null {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  try {
    return openSync(path, flags)
  } catch (error) {
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) return null
    if (!isErrno(error, 'EACCES')) throw error
    setMode(path, mode | 0o700)
    return openSync(path, flags)
  }
}
