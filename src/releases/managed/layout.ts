import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { syncDirectorySync, writeFileDurably } from '../../base/files.ts'
import { announceChange } from '../../hosts/local/changes.ts'
import { prependPhp } from '../../runtime/prepend.ts'
import type { Environment } from '../../sites/environment.ts'
import type { EnvironmentName, SiteName } from '../../sites/names.ts'

/** One managed environment on this machine: where it stands, and as whom its PHP runs. Fits wherever a `PhpPlace` is wanted. */
export interface ManagedPlace {
  id: string
  site: string
  name: string
  /** `<data>/sites/<site>/<env>`: absolute, no links in it */
  directory: string
  uid: number
  gid: number
  isLive: boolean
}

export interface ReleasePaths {
  /** `releases/000042` */
  release: string
  code: string
  /** What the running site reads: 0640 */
  environmentFile: string
}

/** @throws an error of ours for an attached environment */
export function placeOf({ id, site, name, managed }: Environment): ManagedPlace {
  if (managed === null) throw new Error(`environment ${id} is attached`)
  const { directory, uid, gid } = managed
  return { id, site, name, directory, uid, gid, isLive: name === 'live' }
}

/** Where a managed environment goes. `sites` is made when it is missing, so that no link is left in the path. */
export function environmentDirectory(sites: string, site: SiteName, name: EnvironmentName): string {
  mkdirSync(sites, { recursive: true, mode: 0o711 })
  return join(realpathSync(sites), site, name)
}

/**
 * Makes the directories of an environment. Everything above is passed by anybody and read by nobody; the environment itself is
 * passed by its own group alone, so what is inside needs no further lock. Safe to repeat.
 */
export function makeEnvironment({ directory, uid, gid }: ManagedPlace): void {
  for (const path of [dirname(dirname(directory)), dirname(directory)]) make(path, 0o711)
  make(directory, 0o750, { uid: process.geteuid?.() ?? 0, gid })
  for (const name of ['releases', 'files']) make(join(directory, name), 0o711)
  make(join(directory, 'tmp'), 0o700, { uid, gid })
  const prepend = join(directory, 'prepend.php')
  const text = prependPhp(directory)
  if (!existsSync(prepend) || readFileSync(prepend, 'utf8') !== text) writeFileDurably(prepend, text, 0o644)
}

export function releasePaths({ directory }: Pick<ManagedPlace, 'directory'>, number: number): ReleasePaths {
  const release = join(directory, 'releases', releaseName(number))
  return { release, code: join(release, 'code'), environmentFile: join(release, 'environment.json') }
}

export function filesPath({ directory }: Pick<ManagedPlace, 'directory'>, filesId: string): string {
  return join(directory, 'files', filesId)
}

export function releaseName(number: number): string {
  return String(number).padStart(6, '0')
}

/** The release that `current` points at; null where nothing was switched to yet. */
export function currentRelease({ directory }: Pick<ManagedPlace, 'directory'>): number | null {
  try {
    const name = basename(readlinkSync(join(directory, 'current')))
    return /^\d{6,}$/.test(name) ? Number(name) : null
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** The commit of a switch: one rename. */
export function pointCurrentAt({ directory }: Pick<ManagedPlace, 'directory'>, number: number): void {
  const aside = join(directory, 'current.new')
  announceChange()
  rmSync(aside, { force: true })
  symlinkSync(join('releases', releaseName(number)), aside)
  announceChange()
  renameSync(aside, join(directory, 'current'))
  syncDirectorySync(directory)
}

/** Numbers of the releases that stand on disk, in whatever state. */
export function releasesOnDisk({ directory }: Pick<ManagedPlace, 'directory'>): number[] {
  return namesIn(join(directory, 'releases'))
    .filter((name) => /^\d{6,}$/.test(name))
    .map(Number)
}

export function filesOnDisk({ directory }: Pick<ManagedPlace, 'directory'>): string[] {
  return namesIn(join(directory, 'files'))
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** Only root can give something away; everybody else keeps it. */
export function giveTo(path: string, { uid, gid }: { uid: number; gid: number }): void {
  if (process.geteuid?.() === 0) lchownSync(path, uid, gid)
}

function make(path: string, mode: number, owner?: { uid: number; gid: number }): void {
  mkdirSync(path, { recursive: true })
  if (owner !== undefined && process.geteuid?.() === 0) chownSync(path, owner.uid, owner.gid)
  chmodSync(path, mode) // whatever our umask is
}
