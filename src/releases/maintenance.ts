import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'

/*
 * WordPress answers 503 while `.maintenance` stands beside wp-load.php and `$upgrading` is younger than ten minutes: with
 * time() it never grows old. The mark tells ours from one that an update of the site left.
 */
const mark = 'Cairn changes this site'
const content = `<?php $upgrading = time(); // ${mark}\n`

/**
 * Puts a WordPress into maintenance. Requests that have begun go on; the command line and cron of WordPress are not stopped. One
 * that stands there already, ours or the site's, is left as it is.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when the file cannot be made
 */
export async function enterMaintenance(coreDirectory: string): Promise<void> {
  const path = join(coreDirectory, '.maintenance')
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644)
    try {
      writeSync(fd, content)
      fchmodSync(fd, 0o644) // whatever the umask says: the web server must be able to read it
      if (process.getuid?.() === 0) {
        const { uid, gid } = lstatSync(coreDirectory)
        fchownSync(fd, uid, gid)
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC')) throw error
    throw new Failure('PREFLIGHT_REFUSED', `Cannot put "${coreDirectory}" into maintenance: ${error.code}`, {
      hint: 'Cairn must be able to write into this directory',
      retry: 'after-repair',
      cause: error,
    })
  }
}

/** Ends what `enterMaintenance` began. A file that is not ours stays: an update of the site may be under way. */
export async function leaveMaintenance(coreDirectory: string): Promise<void> {
  const path = join(coreDirectory, '.maintenance')
  try {
    if (readFileSync(path, 'utf8').includes(mark)) rmSync(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}
