import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, constants, fchownSync, fstatSync, openSync, utimesSync } from 'node:fs'
import { Failure, isErrno } from '../../base/failure.ts'
import { mtimeSeconds, removeEmptyDirectory, removeFile, renameEntry } from '../../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../../hosts/local/handles.ts'
import { makeOwnDirectory } from '../../hosts/local/ownDirectory.ts'

export interface RenameProbe {
  /** Null when a file could be moved out of a work directory into the tree and back; else the errno */
  refusal: string | null
  /** Whether a new file could be given to the owner of the directory */
  mayChown: boolean
}

/**
 * Tries in a directory what a restore does there: a work directory of mode 0700, a file in it, moved up and back. Everything
 * that was made is removed again, also after a failure, and the directory gets its times back (to the
 * microsecond) where it is ours: those of another owner's directory cannot be set.
 *
 * All of it by handles: who owns the directory may exchange the names in it at any moment, and must not have us move his
 * files to where only we may write.
 */
export function probeRename(directory: string): RenameProbe {
  let parent: number | null = null
  try {
    parent = openDirectory(directory)
    return probeIn(parent)
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error && 'code' in error)) throw error
    return { refusal: String(error.code), mayChown: false }
  } finally {
    if (parent !== null) closeSync(parent)
  }
}

function probeIn(parent: number): RenameProbe {
  const name = `.cairn-${randomBytes(16).toString('hex')}`
  const outside = handlePath(parent, `${name}-probe`)
  const own = handlePath(parent, '')
  const before = fstatSync(parent)
  const { atimeNs, mtimeNs } = fstatSync(parent, { bigint: true })
  // an owner opens a directory that is 0555 for the time of a change: so does the probe
  const isLocked = (before.mode & 0o200) === 0 && before.uid === process.getuid?.() && before.uid !== 0
  let work: number | null = null
  let file: number | null = null
  try {
    if (isLocked) chmodSync(own, (before.mode & 0o7777) | 0o200)
    work = makeOwnDirectory(parent, name)
    const inside = handlePath(work, 'probe')
    file = openSync(inside, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)
    renameEntry(inside, outside)
    renameEntry(outside, inside)
    return { refusal: null, mayChown: mayGive(file, before) }
  } finally {
    if (file !== null) closeSync(file)
    ignoreMissing(() => removeFile(outside))
    if (work !== null) {
      const inside = handlePath(work, 'probe')
      ignoreMissing(() => removeFile(inside))
      closeSync(work)
      ignoreMissing(() => removeEmptyDirectory(handlePath(parent, name)))
    }
    if (isLocked) chmodSync(own, before.mode & 0o7777)
    ignoreMissing(() => utimesSync(own, mtimeSeconds(atimeNs), mtimeSeconds(mtimeNs)))
  }
}

/** The file that we made, whatever was moved to its name meanwhile. */
function mayGive(file: number, { uid, gid }: { uid: number; gid: number }): boolean {
  try {
    fchownSync(file, uid, gid)
    return true
  } catch {
    return false
  }
}

function ignoreMissing(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EACCES', 'EROFS', 'EPERM')) throw error
  }
}
