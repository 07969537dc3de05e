import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'

const reserveBytes = 8 << 20

/**
 * Keeps a file of 8 MiB that can be given up when the disk is full: then deleting and recording stay possible. Does
 * nothing when it is there already or the disk has no room for it.
 */
export function fillReserve(directory: string): void {
  const path = join(directory, 'space-reserve')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= reserveBytes) return
  const { bavail, bsize } = statfsSync(directory)
  if (bavail * bsize < reserveBytes * 4) return
  const fd = openSync(path, 'w', 0o600)
  try {
    const block = Buffer.alloc(1 << 20, 0xa5) // not zeros: some file systems would not keep room for them
    for (let done = 0; done < reserveBytes;) done += writeSync(fd, block, 0, Math.min(block.length, reserveBytes - done))
    fsyncSync(fd)
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
    rmSync(path, { force: true })
  } finally {
    closeSync(fd)
  }
}

/** Gives the room back; false when there was none. */
export function releaseReserve(directory: string): boolean {
  const path = join(directory, 'space-reserve')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return false
  rmSync(path, { force: true })
  return true
}
