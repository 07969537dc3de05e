import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { isErrno } from '../../base/failure.ts'
import type { Entry, EntryKind } from '../../archive/entry.ts'
import { type Exclude, excludeNothing } from './exclude.ts'
import { groupName, userName } from './owners.ts'

/** An entry and what only this machine knows of it. A reader that opens `full` compares `dev` and `ino` with what it got. */
export interface WalkedEntry extends Entry {
  full: Buffer
  dev: bigint
  ino: bigint
  ctimeNs: bigint
}

export interface WalkWarning {
  code: 'ENTRY_SKIPPED' | 'ENTRY_UNREADABLE' | 'ENTRY_VANISHED'
  message: string
  path: string
}

/** Work directories of an apply: never part of a site. */
export const workDirectoryName = /^\.cairn-[0-9a-f]{32}$/

/**
 * Reads trees in the order of `comparePaths`, each directory before what it holds. Links are given as links and never
 * followed. Sockets, pipes and devices, and what cannot be read, are left out with a warning; what is excluded or a work
 * directory, without one. `next('skip')` after a directory leaves out all below it. Memory grows with the widest directory.
 *
 * @throws what `lstat` throws when a root itself is not there
 */
export function* walkTree(
  roots: readonly { directory: string | Buffer; at: string }[],
  exclude: Exclude = excludeNothing,
  onWarning: (warning: WalkWarning) => void = () => {},
  secretPaths: ReadonlySet<string> = new Set(),
): Generator<WalkedEntry, void, 'skip' | undefined> {
  const mounts = [...roots].map((root) => ({ at: root.at, full: Buffer.from(root.directory) }))
  const top = mounts.find((mount) => mount.at === '')
  const stack: Place[] = [{ path: Buffer.alloc(0), full: top?.full ?? mountBelow(mounts, '')?.full ?? null, isRoot: true }]
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    if (place.full === null) continue
    const entry = readEntry(place, place.full, onWarning, secretPaths)
    if (entry === null) continue
    const answer = yield entry
    if (entry.kind !== 'directory' || answer === 'skip') continue
    const relative = entry.path.toString()
    // a directory of the element that only holds roots shows their attributes, but not their entries
    const isReal = relative === '' ? top !== undefined : !place.isMade
    const names = isReal ? readNames(place.full, relative, onWarning) : []
    const children = new Map<string, Place>()
    for (const name of names) {
      if (workDirectoryName.test(name.toString())) continue
      children.set(name.toString('latin1'), {
        path: joinBytes(entry.path, name),
        full: joinBytes(place.full, name),
        isRoot: false,
      })
    }
    for (const mount of mounts) {
      const name = nextComponent(relative, mount.at)
      if (name === null) continue
      const key = Buffer.from(name).toString('latin1')
      const path = joinBytes(entry.path, Buffer.from(name))
      if (path.toString() === mount.at) children.set(key, { path, full: mount.full, isRoot: true })
      else if (!children.has(key)) children.set(key, { path, full: mount.full, isRoot: true, isMade: true })
    }
    // pushed from the last to the first, so that the first is taken next
    const order = [...children.keys()].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
    for (const key of order) {
      const child = children.get(key)
      if (child !== undefined && !isExcluded(child, exclude)) stack.push(child)
    }
  }
}

interface Place {
  path: Buffer
  full: Buffer | null
  /** A root that is missing is an error, an entry that vanished is a warning */
  isRoot: boolean
  /** Stands for a directory that no root holds, above another root */
  isMade?: boolean
  stat?: BigIntStats
}

type Mount = { at: string; full: Buffer }

function mountBelow(mounts: Mount[], relative: string): Mount | undefined {
  return mounts.find((mount) => nextComponent(relative, mount.at) !== null)
}

/** `a/b/c` below `a` gives `b`; null where it is not below. */
function nextComponent(parent: string, path: string): string | null {
  const prefix = parent === '' ? '' : `${parent}/`
  if (path === '' || path === parent || !path.startsWith(prefix)) return null
  return path.slice(prefix.length).split('/')[0] ?? null
}

/** Whether a place is left out; asks the disk what it is only when a rule could depend on it. */
function isExcluded(place: Place, exclude: Exclude): boolean {
  const relative = place.path.toString()
  const asDirectory = exclude(relative, true)
  const asOther = exclude(relative, false)
  if (asDirectory === null && asOther === null) return false
  if (asDirectory !== null && asOther !== null) return true
  if (place.full === null) return false
  place.stat = lstatSync(place.full, { bigint: true, throwIfNoEntry: false }) as BigIntStats
  return place.stat?.isDirectory() ? asDirectory !== null : asOther !== null
}

function readEntry(
  place: Place,
  full: Buffer,
  onWarning: (warning: WalkWarning) => void,
  secretPaths: ReadonlySet<string>,
): WalkedEntry | null {
  const shown = place.path.toString()
  try {
    const stat = place.stat ?? lstatSync(full, { bigint: true })
    const kind = kindOf(stat)
    if (kind === null) {
      onWarning({ code: 'ENTRY_SKIPPED', message: `"${shown}" is a socket, a pipe or a device and is left out`, path: shown })
      return null
    }
    return {
      path: place.path,
      kind,
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      user: userName(Number(stat.uid)),
      group: groupName(Number(stat.gid)),
      mtimeNs: stat.mtimeNs,
      sizeBytes: kind === 'file' ? Number(stat.size) : 0,
      target: kind === 'link' ? readlinkSync(full, 'buffer') : Buffer.alloc(0),
      secret: kind === 'file' && secretPaths.has(shown),
      // the inode's number: stable from backup to backup, so that pages stay the same, and needs no memory
      linkGroup: kind === 'file' && stat.nlink > 1n ? Number(stat.ino & 0x1f_ffff_ffff_ffffn) : 0,
      full,
      dev: stat.dev,
      ino: stat.ino,
      ctimeNs: stat.ctimeNs,
    }
  } catch (error) {
    if (place.isRoot) throw error
    warnOf(error, shown, onWarning)
    return null
  }
}

function readNames(full: Buffer, shown: string, onWarning: (warning: WalkWarning) => void): Buffer[] {
  try {
    return readdirSync(full, { encoding: 'buffer' })
  } catch (error) {
    warnOf(error, shown, onWarning)
    return []
  }
}

function warnOf(error: unknown, path: string, onWarning: (warning: WalkWarning) => void): void {
  if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) {
    onWarning({ code: 'ENTRY_VANISHED', message: `"${path}" vanished while it was read`, path })
  } else if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENAMETOOLONG')) {
    onWarning({ code: 'ENTRY_UNREADABLE', message: `"${path}" cannot be read: ${String(error.code)}`, path })
  } else {
    throw error
  }
}

function kindOf(stat: BigIntStats): EntryKind | null {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  return stat.isSymbolicLink() ? 'link' : null
}

const slash = Buffer.from('/')

/** Joins path bytes; an empty parent gives the name alone. */
export function joinBytes(parent: Uint8Array, name: Uint8Array): Buffer {
  return parent.length === 0 ? Buffer.from(name) : Buffer.concat([parent, slash, name])
}
