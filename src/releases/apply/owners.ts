import { dirname } from 'node:path'
import type { Entry } from '../../archive/entry.ts'
import { statOrNull } from '../../hosts/local/changes.ts'
import { groupId, userId } from '../../hosts/local/owners.ts'

export interface Owner {
  uid: number
  gid: number
}

/** Who we are towards one tree. */
export interface Standing {
  isRoot: boolean
  uid: number
  /** Neither root nor the tree's owner: we may write by the group's right only, and so must others write what we make */
  isMember: boolean
}

export function standingOf(treeUid: number): Standing {
  const uid = process.geteuid?.() ?? 0
  return { isRoot: uid === 0, uid, isMember: uid !== 0 && uid !== treeUid }
}

/** Whether we may set mode and time of an entry. */
export function isSettable(standing: Standing, uid: number): boolean {
  return standing.isRoot || uid === standing.uid
}

/**
 * The mode that an entry shall have: as stored; with group write where others reach what is ours by the group alone; without
 * setuid and setgid on a file of another owner than it was stored with.
 */
export function wantedMode(standing: Standing, entry: Entry, owner: Owner): number {
  let mode = entry.mode
  if (standing.isMember) mode |= (mode & 0o700) >> 3
  if (entry.kind === 'file' && (mode & 0o6000) !== 0 && !isSameOwner(owner, namedOwner(entry))) mode &= 0o1777
  return mode
}

/** The owner that an entry names, by name first: numbers differ from machine to machine. */
export function namedOwner(entry: Entry): Owner {
  return {
    uid: (entry.user === '' ? null : userId(entry.user)) ?? entry.uid,
    gid: (entry.group === '' ? null : groupId(entry.group)) ?? entry.gid,
  }
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return a.uid === b.uid && a.gid === b.gid
}

/** The owner of the nearest directory that is there; the path is latin1. */
export function ownerAbove(full: string): Owner {
  for (let path = dirname(full); ; path = dirname(path)) {
    const stat = statOrNull(Buffer.from(path, 'latin1'))
    if (stat !== null) return { uid: Number(stat.uid), gid: Number(stat.gid) }
  }
}
