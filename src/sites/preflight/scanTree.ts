import { type Stats } from 'node:fs'
import { access, constants, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { workDirectoryName } from '../../hosts/local/walk.ts'

/** What the directories of a tree allow. Counts stop at `entriesMax`; examples are relative paths. */
export interface TreeScan {
  entries: number
  bytes: number
  isWhole: boolean
  /** Uids of what is in it, with how many entries each has */
  owners: Map<number, number>
  /** Directories that this process may not read or enter */
  closed: string[]
  /** Directories in which it may make no names (0755 or 0555 of somebody else) */
  unwritable: string[]
  /** Sticky ones of somebody else: entries of others cannot be moved out of them */
  sticky: string[]
  /** Our own directories without the write bit: they are opened for the time of a change */
  locked: string[]
  /** Directories of somebody else, writable for us, without the setgid bit: new entries get our own group */
  notSetgid: string[]
}

const entriesMax = 200_000
const atOnce = 16

/** Looks at every entry's owner and every directory's mode; reads no file, follows no link, changes nothing. */
export async function scanTree(root: string, skip: (relPath: string) => boolean = () => false): Promise<TreeScan> {
  const scan: TreeScan = {
    entries: 0,
    bytes: 0,
    isWhole: true,
    owners: new Map(),
    closed: [],
    unwritable: [],
    sticky: [],
    locked: [],
    notSetgid: [],
  }
  const uid = process.getuid?.() ?? -1
  const queue = ['']
  while (queue.length > 0) {
    if (scan.entries > entriesMax) {
      scan.isWhole = false
      break
    }
    const some = queue.splice(0, atOnce)
    const found = await Promise.all(some.map((path) => scanDirectory(root, path, scan, uid)))
    queue.push(...found.flat().filter((path) => !skip(path)))
  }
  return scan
}

async function scanDirectory(root: string, path: string, scan: TreeScan, uid: number): Promise<string[]> {
  const full = join(root, path)
  const shown = path === '' ? '.' : path
  let names: string[]
  try {
    await judge(full, shown, await lstat(full), scan, uid)
    names = await readdir(full)
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) scan.closed.push(shown)
    else if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    return []
  }
  const directories: string[] = []
  for (const name of names) {
    if (workDirectoryName.test(name)) continue
    const stat = await lstat(join(full, name)).catch(() => null)
    if (stat === null) continue
    count(stat, scan)
    if (stat.isDirectory()) directories.push(path === '' ? name : `${path}/${name}`)
  }
  return directories
}

function count(stat: Stats, scan: TreeScan): void {
  scan.entries += 1
  if (stat.isFile()) scan.bytes += stat.size
  scan.owners.set(stat.uid, (scan.owners.get(stat.uid) ?? 0) + 1)
}

async function judge(full: string, shown: string, stat: Stats, scan: TreeScan, uid: number): Promise<void> {
  const isOurs = uid === 0 || stat.uid === uid
  if ((stat.mode & 0o1000) !== 0 && !isOurs) scan.sticky.push(shown)
  const mayWrite = await access(full, constants.W_OK | constants.X_OK).then(
    () => true,
    (error: unknown) => {
      if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return false
      throw error
    },
  )
  if (!mayWrite) (isOurs ? scan.locked : scan.unwritable).push(shown)
  else if (!isOurs && (stat.mode & 0o2000) === 0) scan.notSetgid.push(shown)
}
