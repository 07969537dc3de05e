import { closeSync, constants, openSync, utimesSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { Failure, isErrno } from '../../base/failure.ts'
import {
  announceChange,
  makeDirectory,
  mtimeSeconds,
  removeEmptyDirectory,
  removeFile,
  renameEntry,
  statOrNull,
} from '../../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../../hosts/local/handles.ts'
import { makeOwnDirectory } from '../../hosts/local/ownDirectory.ts'
import { removeByHandle } from '../../hosts/local/removeByHandle.ts'
import { type Area, shown } from './areas.ts'
import { openWorkDirectory } from './journal.ts'

/** `.cairn-` and 128 random bits: nobody can guess it, where the web server would serve it. */
export function newWorkName(): string {
  return `.cairn-${randomBytes(16).toString('hex')}`
}

/**
 * Makes the work directory of an area, closed to everybody else, and proves by a rename there and back that moves work. The
 * time of the area's directory stays as it was.
 *
 * @throws {Failure} PREFLIGHT_REFUSED with the reason when entries cannot be moved between it and the tree
 */
export function makeWorkDirectory(area: Area, workName: string): void {
  const parent = openDirectory(Buffer.from(area.directory, 'latin1'))
  let work: number | null = null
  try {
    work = makeOwnDirectory(parent, workName)
    restoreTime(parent, area)
    makeDirectory(handlePath(work, 'in'), 0o700)
    makeDirectory(handlePath(work, 'out'), 0o700)
    proveRename(parent, work, workName)
    restoreTime(parent, area)
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'EXDEV', 'EBUSY')) throw error
    throw new Failure(
      'PREFLIGHT_REFUSED',
      `Cannot move entries in "${shown(area.directory)}": ${refusals[error.code ?? ''] ?? error.code}`,
      {
        hint: 'Run "cairn env:info" with the preflight to see what Cairn needs there',
        retry: 'after-repair',
        cause: error,
      },
    )
  } finally {
    if (work !== null) closeSync(work)
    closeSync(parent)
  }
}

/** Deletes the work directory of an area with all it holds; does nothing where it is gone. */
export function removeWorkDirectory(area: Area, workName: string, keepLast: readonly string[] = []): void {
  const directory = Buffer.from(area.directory, 'latin1')
  const work = openWorkDirectory(directory, workName)
  const parent = openIfThere(directory)
  if (parent === null) return
  try {
    const before = statOrNull(handlePath(parent, ''))
    removeByHandle(parent, Buffer.from(`${workName}-probe`))
    if (work !== null) {
      for (const name of ['in', 'out', 'plan', 'plan.new', 'seen', 'seen.new', ...keepLast])
        removeByHandle(work, Buffer.from(name))
      removeByHandle(parent, Buffer.from(workName))
    }
    if (before !== null) restoreTime(parent, { ...area, mtimeNs: String(before.mtimeNs) })
  } finally {
    if (work !== null) closeSync(work)
    closeSync(parent)
  }
}

const refusals: Record<string, string> = {
  EACCES: 'the directory is not writable for Cairn',
  EPERM: 'the directory is sticky or protected, and belongs to another',
  EROFS: 'the disk is mounted read-only',
  EXDEV: 'a rename within the directory crosses disks',
  EBUSY: 'the directory is in use as a mount',
}

/** By the handle of the work directory: who may write beside it could make its name lead to where we move things into. */
function proveRename(parent: number, work: number, workName: string): void {
  const inside = handlePath(work, 'probe')
  const outside = handlePath(parent, `${workName}-probe`)
  announceChange()
  closeSync(openSync(inside, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600))
  renameEntry(inside, outside)
  renameEntry(outside, inside)
  removeFile(inside)
  makeDirectory(inside, 0o700)
  renameEntry(inside, outside)
  renameEntry(outside, inside)
  removeEmptyDirectory(inside)
}

function openIfThere(directory: Buffer): number | null {
  try {
    return openDirectory(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** Our comings and goings in a directory are no change of the site. Only its owner may set its time. */
function restoreTime(parent: number, area: Area): void {
  const seconds = mtimeSeconds(BigInt(area.mtimeNs))
  try {
    utimesSync(handlePath(parent, ''), seconds, seconds)
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EACCES')) throw error
  }
}
