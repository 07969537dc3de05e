import { randomBytes } from 'node:crypto'
import { chmod, lchown, lstat, lutimes, mkdir, rename, rmdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { mtimeSeconds } from '../../hosts/local/changes.ts'

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
 */
export async function probeRename(directory: string): Promise<RenameProbe> {
  const work = join(directory, `.cairn-${randomBytes(16).toString('hex')}`)
  const inside = join(work, 'probe')
  const outside = `${work}-probe`
  const before = await lstat(directory)
  const { atimeNs, mtimeNs } = await lstat(directory, { bigint: true })
  // an owner opens a directory that is 0555 for the time of a change: so does the probe
  const isLocked = (before.mode & 0o200) === 0 && before.uid === process.getuid?.() && before.uid !== 0
  try {
    if (isLocked) await chmod(directory, (before.mode & 0o7777) | 0o200)
    await mkdir(work, { mode: 0o700 })
    await writeFile(inside, '', { flag: 'wx', mode: 0o600 })
    await rename(inside, outside)
    await rename(outside, inside)
    // not chown(): who owns the directory may put a link in the file's place meanwhile
    const mayChown = await lchown(inside, before.uid, before.gid).then(
      () => true,
      () => false,
    )
    return { refusal: null, mayChown }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { refusal: String(error.code), mayChown: false }
    throw error
  } finally {
    await unlink(outside).catch(ignoreMissing)
    await unlink(inside).catch(ignoreMissing)
    await rmdir(work).catch(ignoreMissing)
    if (isLocked) await chmod(directory, before.mode & 0o7777)
    await lutimes(directory, mtimeSeconds(atimeNs), mtimeSeconds(mtimeNs)).catch(ignoreMissing)
  }
}

function ignoreMissing(error: unknown): void {
  if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EROFS', 'EPERM')) throw error
}
