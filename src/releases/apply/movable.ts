import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { statOrNull } from '../../hosts/local/changes.ts'
import { shown } from './areas.ts'
import type { Owner, Standing } from './owners.ts'

export interface Current extends Owner {
  mode: number
  isDirectory: boolean
}

/** An ordinary user learns before anything is touched that an entry would not move. */
export function assertMovable(standing: Standing, full: string, current: Current | null): void {
  const directory = Buffer.from(dirname(full), 'latin1')
  const parent = statOrNull(directory)
  if (parent === null) return // comes with an earlier move
  const isOurs = Number(parent.uid) === standing.uid
  let reason: string | null = null
  if (!isOurs && !isAllowed(directory, constants.W_OK | constants.X_OK)) reason = 'its directory is not writable for Cairn'
  else if (current !== null && (parent.mode & 0o1000n) !== 0n && !isOurs && current.uid !== standing.uid) {
    reason = 'its directory is sticky and it belongs to another'
  } else if (
    current?.isDirectory === true &&
    current.uid !== standing.uid &&
    !isAllowed(Buffer.from(full, 'latin1'), constants.W_OK)
  ) {
    reason = 'it is a directory that is not writable for Cairn'
  }
  if (reason === null) return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot change "${shown(full)}": ${reason}`, {
    hint: 'Run Cairn as root or as the owner of the site, or make the tree group-writable (directories 2775, files 664)',
    retry: 'after-repair',
  })
}

function isAllowed(path: Buffer, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EROFS')) return false
    throw error
  }
}
