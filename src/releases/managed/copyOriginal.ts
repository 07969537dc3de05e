import { constants, copyFileSync, fstatSync, unlinkSync } from 'node:fs'
import { setMode, setMtime, setOwner } from '../../hosts/local/changes.ts'

/** A file that stands open, and whose content is known as long as it is not touched. */
export interface CopyJob {
  fd: number
  ctimeNs: bigint
  sizeBytes: number
  to: Uint8Array
  /** Null where the original has it already, which is copied too */
  mode: number | null
  /** Null: whoever we are */
  owner: { uid: number; gid: number } | null
  mtimeNs: bigint
}

/**
 * Copies a file, as a reflink where the file system has them, with the mode, owner and time that it is to have. The copy is taken
 * first and judged after: false, and nothing is left, when the original was touched meanwhile. In whichever thread of the process.
 */
export function copyOriginal(job: CopyJob): boolean {
  const to = Buffer.from(job.to)
  copyFileSync(`/proc/self/fd/${job.fd}`, to, copyFlags)
  if (!isUntouched(job)) {
    unlinkSync(to)
    return false
  }
  dressCopy(job)
  return true
}

export const copyFlags = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL

export function isUntouched({ fd, ctimeNs, sizeBytes }: CopyJob): boolean {
  const stat = fstatSync(fd, { bigint: true })
  return stat.ctimeNs === ctimeNs && stat.size === BigInt(sizeBytes)
}

/** Gives a copy what it is to have beside its content. */
export function dressCopy(job: CopyJob): void {
  const to = Buffer.from(job.to)
  if (job.owner !== null) setOwner(to, job.owner.uid, job.owner.gid)
  if (job.mode !== null) setMode(to, job.mode)
  setMtime(to, job.mtimeNs)
}
