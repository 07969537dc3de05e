import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  type BigIntStats,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { isErrno } from '../../base/failure.ts'

/**
 * Every change to a tree that somebody else may be changing too goes through these functions: none follows a link in the
 * last component, and a test can end the process before any of them.
 */
type AnyPath = string | Buffer

let before: (() => void) | null = null

/** For tests: called before each change. */
export function onEachChange(callback: (() => void) | null): void {
  before = callback
}

/** For changes made by other means, so that a test sees them too. */
export function announceChange(): void {
  before?.()
}

export function renameEntry(from: AnyPath, to: AnyPath): void {
  before?.()
  renameSync(from, to)
}

export function makeDirectory(path: AnyPath, mode: number): void {
  before?.()
  mkdirSync(path, { mode })
}

/** An empty file, where nothing stands yet. */
export function makeFile(path: AnyPath): void {
  before?.()
  closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, 0o600))
}

export function makeLink(target: Buffer, path: AnyPath): void {
  before?.()
  symlinkSync(target, path)
}

export function removeFile(path: AnyPath): void {
  before?.()
  unlinkSync(path)
}

export function removeEmptyDirectory(path: AnyPath): void {
  before?.()
  rmdirSync(path)
}

export function setOwner(path: AnyPath, uid: number, gid: number): void {
  before?.()
  lchownSync(path, uid, gid)
}

export const openAsPathOnly = 0o10000000 // O_PATH of Linux, which node:fs does not name

/** Sets the mode of a file or directory; a link is left as it is. `chmod` alone would follow it. */
export function setMode(path: AnyPath, mode: number): void {
  before?.()
  const fd = openSync(path, openAsPathOnly | constants.O_NOFOLLOW)
  try {
    if (!fstatSync(fd).isSymbolicLink()) chmodSync(`/proc/self/fd/${fd}`, mode)
  } finally {
    closeSync(fd)
  }
}

/** Sets the time of last change, exact to the microsecond; Node takes seconds as a double, which holds no more. */
export function setMtime(path: AnyPath, mtimeNs: bigint): void {
  before?.()
  const seconds = mtimeSeconds(mtimeNs)
  lutimesSync(path, seconds, seconds)
}

/** The double that the kernel's truncation turns into the same microsecond: 0.3 µs above it, more than a double's error. */
export function mtimeSeconds(mtimeNs: bigint): number {
  return Number(microseconds(mtimeNs)) / 1e6 + 3e-7
}

export function microseconds(ns: bigint): bigint {
  return ns >= 0n ? ns / 1000n : -((-ns + 999n) / 1000n)
}

/** Null where nothing stands at the path. */
export function statOrNull(path: AnyPath): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

export function modeOf(stat: BigIntStats): number {
  return Number(stat.mode & 0o7777n)
}
