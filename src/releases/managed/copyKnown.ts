import { closeSync, constants, copyFileSync, fstatSync, openSync, type BigIntStats, unlinkSync } from 'node:fs'
import { isErrno } from '../../base/failure.ts'
import { spaceFailure } from '../../base/files.ts'
import { modeOf, setMode, setMtime, setOwner } from '../../hosts/local/changes.ts'
import { type HandleTree, openHandleTree } from '../../hosts/local/handles.ts'

/** A file whose content is known as long as it is the one that was recorded, and what its copy is to be. */
export interface KnownCopy {
  /** In both trees */
  path: Uint8Array
  recorded: { ino: bigint; ctimeNs: bigint; sizeBytes: number; mtimeNs: bigint }
  mode: number
  mtimeNs: bigint
}

/** Many of them, in flat arrays that cross to a thread quickly. */
export interface KnownCopies {
  from: string
  to: string
  /** Null: whoever we are */
  owner: { uid: number; gid: number } | null
  paths: Uint8Array
  /** Where each path ends */
  ends: Uint32Array
  /** `numbersEach` for each file */
  numbers: BigInt64Array
}

const numbersEach = 6

export function packCopies(
  { from, to, owner }: Pick<KnownCopies, 'from' | 'to' | 'owner'>,
  files: readonly KnownCopy[],
): KnownCopies {
  const ends = new Uint32Array(files.length)
  const numbers = new BigInt64Array(files.length * numbersEach)
  let end = 0
  for (const [index, { path, recorded, mode, mtimeNs }] of files.entries()) {
    ends[index] = end += path.length
    const { ino, ctimeNs, sizeBytes, mtimeNs: before } = recorded
    numbers.set([BigInt.asIntN(64, ino), ctimeNs, BigInt(sizeBytes), before, BigInt(mode), mtimeNs], index * numbersEach)
  }
  return { from, to, owner, paths: new Uint8Array(Buffer.concat(files.map(({ path }) => path))), ends, numbers }
}

/**
 * Copies files from one tree to the other, as reflinks where the file system has them, with the mode, owner and time that they
 * are to have. Each is copied only if it is the recorded one before and after: else, or when it is gone, nothing is left of it. The tree is read through
 * handles, and no link is followed. In whichever thread.
 *
 * @returns for each whether it was copied
 * @throws {Failure} SPACE_LACKING
 */
export function copyKnown(copies: KnownCopies): boolean[] {
  const { from, to, paths, ends } = copies
  const source = openHandleTree(from)
  const top = Buffer.from(`${to}/`)
  try {
    return Array.from(ends, (end, index) => {
      const path = Buffer.from(paths.buffer, paths.byteOffset + (ends[index - 1] ?? 0), end - (ends[index - 1] ?? 0))
      return copyOne(source, path, Buffer.concat([top, path]), copies, index * numbersEach)
    })
  } catch (error) {
    throw spaceFailure(error, to)
  } finally {
    source.close()
  }
}

function copyOne(source: HandleTree, path: Buffer, to: Buffer, { numbers, owner }: KnownCopies, at: number): boolean {
  const fd = openRegular(source, path)
  if (fd === null) return false
  try {
    const stat = fstatSync(fd, { bigint: true })
    if (!isRecorded(stat, numbers, at)) return false
    copyFileSync(`/proc/self/fd/${fd}`, to, copyFlags)
    // taken first and judged after: what the site writes meanwhile makes it another file than the one that was recorded
    if (!isRecorded(fstatSync(fd, { bigint: true }), numbers, at)) {
      unlinkSync(to)
      return false
    }
    const mode = Number(numbers[at + 4])
    if (owner !== null) setOwner(to, owner.uid, owner.gid)
    if (modeOf(stat) !== mode) setMode(to, mode) // its own came along with the content
    setMtime(to, numbers[at + 5] ?? 0n)
    return true
  } finally {
    closeSync(fd)
  }
}

export const copyFlags = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL

/** Null for what is not there, or cannot be opened as a file. */
export function openRegular(source: HandleTree, path: Buffer): number | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    return openSync(source.at(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO', 'ENAMETOOLONG')) return null
    throw error
  }
}

function isRecorded(stat: BigIntStats, numbers: BigInt64Array, at: number): boolean {
  return (
    stat.isFile() &&
    BigInt.asIntN(64, stat.ino) === numbers[at] &&
    stat.ctimeNs === numbers[at + 1] &&
    stat.size === numbers[at + 2] &&
    stat.mtimeNs === numbers[at + 3]
  )
}
