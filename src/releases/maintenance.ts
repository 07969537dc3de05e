import { closeSync, constants, fchmodSync, openSync, readFileSync, utimesSync, writeSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import { mtimeSeconds, removeFile, statOrNull } from '../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../hosts/local/handles.ts'
import { resolveTrusted } from '../hosts/local/resolveTrusted.ts'

const fileName = '.maintenance'
const mark = '// written by Cairn, which removes it when the restore has ended'
/** WordPress ignores a `.maintenance` whose time lies more than ten minutes back: ours is always now. */
const text = `<?php\n$upgrading = time(); ${mark}\n`
const staleSeconds = 600

/**
 * Makes WordPress answer 503 to every request that begins from now on. Does nothing when it is ours already, or when the
 * directory is gone: there is no site to stop then.
 *
 * @param coreDirectory where WordPress's own code stands
 * @throws {Failure} APPLY_CONFLICT, retry `later`, while WordPress updates itself; PREFLIGHT_REFUSED when it cannot be written
 */
export async function enterMaintenance(coreDirectory: string): Promise<void> {
  await inDirectory(coreDirectory, (directory) => {
    const path = handlePath(directory, fileName)
    const current = readIfThere(path)
    if (current === text) return
    if (current !== null) {
      if (current !== '' && !current.includes(mark) && !isStale(current)) {
        throw new Failure('APPLY_CONFLICT', `Cannot begin maintenance in "${coreDirectory}": WordPress is updating itself`, {
          hint: 'Wait until the update has ended; a ".maintenance" that an update left behind may be deleted',
          retry: 'later',
        })
      }
      removeFile(path)
    }
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
    const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
    try {
      writeSync(fd, text)
      fchmodSync(fd, 0o644) // PHP reads it under another account than ours
    } finally {
      closeSync(fd)
    }
  })
}

/** Lets requests in again. Removes only what `enterMaintenance` wrote; may be called at any time, also when nothing is there. */
export async function leaveMaintenance(coreDirectory: string): Promise<void> {
  await inDirectory(coreDirectory, (directory) => {
    const path = handlePath(directory, fileName)
    const current = readIfThere(path)
    if (current === '' || current?.includes(mark) === true) removeFile(path)
  })
}

/** Works in a directory and gives it back the time that it had: our file that comes and goes is no change of the site. */
async function inDirectory(path: string, work: (directory: number) => void): Promise<void> {
  let directory: number
  try {
    directory = openDirectory(resolveTrusted(path))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return
    throw error
  }
  try {
    const before = statOrNull(handlePath(directory, ''))
    work(directory)
    if (before === null) return
    try {
      utimesSync(handlePath(directory, ''), mtimeSeconds(before.mtimeNs), mtimeSeconds(before.mtimeNs))
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'EACCES')) throw error // only its owner may
    }
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    throw new Failure('PREFLIGHT_REFUSED', `Cannot switch maintenance in "${path}": ${error.code}`, {
      hint: 'Cairn must be able to write the file ".maintenance" there',
      retry: 'after-repair',
      cause: error,
    })
  } finally {
    closeSync(directory)
  }
}

function isStale(current: string): boolean {
  const seconds = /\$upgrading\s*=\s*(\d+)/.exec(current)?.[1]
  return seconds !== undefined && Date.now() / 1000 - Number(seconds) > staleSeconds
}

function readIfThere(path: Buffer): string | null {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    if (isErrno(error, 'ELOOP')) return 'a link'
    throw error
  }
  try {
    return readFileSync(fd, 'latin1')
  } finally {
    closeSync(fd)
  }
}
