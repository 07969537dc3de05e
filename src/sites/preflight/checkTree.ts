import { statfs } from 'node:fs/promises'
import { relative } from 'node:path'
import { userName } from '../../hosts/local/owners.ts'
import { mountPointsBelow } from '../../hosts/local/mounts.ts'
import { probeRename } from './probeRename.ts'
import { scanTree, type TreeScan } from './scanTree.ts'
import { bad, type Check, doubtful, good } from './types.ts'

/** root: everything is kept; owner: the same, all is ours; group: owners, modes and times of others cannot be set. */
export type FilesMode = 'root' | 'owner' | 'group' | 'refused'

export interface TreeReport {
  mode: FilesMode
  checks: Check[]
}

/** Tries out what a restore needs in one tree; `skip` names directories that another element holds. */
export async function checkTree(label: string, root: string, skip: (relPath: string) => boolean): Promise<TreeReport> {
  const scan = await scanTree(root, skip)
  const moves = checkMoves(label, root, skip)
  const checks = [
    checkRead(label, scan),
    ...moves.checks,
    ...checkDirectories(label, scan),
    ...checkOwners(label, scan, moves.mayChown),
  ]
  checks.push(await checkSpace(label, root, scan))
  const refused = checks.some(({ level, check }) => level === 'error' && check !== `${label}.space`)
  return { mode: refused ? 'refused' : modeOf(scan), checks }
}

function checkRead(label: string, { closed, entries, bytes, isWhole }: TreeScan): Check {
  if (closed.length > 0) return bad(`${label}.read`, `Cairn may not read ${some(closed)}: a backup would lack what is in it`)
  return good(`${label}.read`, `${isWhole ? '' : 'More than '}${entries} entries, ${sizeText(bytes)}, all of them can be reached`)
}

/** One probe for each mount: two mounts may share a device, and a rename between them fails all the same. */
function checkMoves(label: string, root: string, skip: (relPath: string) => boolean): { checks: Check[]; mayChown: boolean } {
  const mounts = mountPointsBelow(Buffer.from(root).toString('latin1'))
    .map((path) => Buffer.from(path, 'latin1').toString())
    .filter((path) => !isSkipped(relative(root, path), skip))
  const checks: Check[] = []
  let mayChown = true
  for (const directory of [root, ...mounts]) {
    const probe = probeRename(directory)
    mayChown &&= probe.mayChown
    const where = directory === root ? `"${root}"` : `the mount "${directory}"`
    checks.push(
      probe.refusal === null
        ? good(`${label}.rename`, `A file can be staged and moved within ${where}`)
        : bad(`${label}.rename`, `Nothing can be staged and moved within ${where}: ${errnoText(probe.refusal)}`),
    )
  }
  return { checks, mayChown }
}

function isSkipped(path: string, skip: (relPath: string) => boolean): boolean {
  return path.split('/').some((_, index, parts) => skip(parts.slice(0, index + 1).join('/')))
}

function checkDirectories(label: string, scan: TreeScan): Check[] {
  const checks: Check[] = []
  if (scan.sticky.length > 0) {
    checks.push(bad(`${label}.sticky`, `What others own cannot be moved out of ${some(scan.sticky)}: sticky, and not ours`))
  }
  if (scan.unwritable.length > 0) {
    const rule = 'they belong to others and give the group no write (2775 would be needed)'
    checks.push(bad(`${label}.write`, `Nothing can be changed in ${some(scan.unwritable)}: ${rule}`))
  }
  if (scan.locked.length > 0) {
    checks.push(
      good(`${label}.write`, `${some(scan.locked)} can be opened for writing by Cairn for the time of a change and closed again`),
    )
  }
  if (checks.length === 0) checks.push(good(`${label}.write`, 'Entries can be added and removed in every directory'))
  return checks
}

function checkOwners(label: string, scan: TreeScan, mayChown: boolean): Check[] {
  const mode = modeOf(scan)
  if (mode === 'root') {
    return mayChown
      ? [good(`${label}.owners`, 'Owners, groups, modes and times are restored as they were')]
      : [
          doubtful(
            `${label}.owners`,
            'Cairn runs as root, but this file system lets it give files to nobody else: all will belong to root',
          ),
        ]
  }
  if (mode === 'owner')
    return [good(`${label}.owners`, `Everything belongs to ${userName(ourUid())}, as whom Cairn runs: modes and times are kept`)]
  const others = [...scan.owners].filter(([uid]) => uid !== ourUid())
  const count = others.reduce((sum, [, entries]) => sum + entries, 0)
  const names = others.map(([uid]) => userName(uid) || String(uid)).join(', ')
  const message = `${count} entries belong to ${names}: what is restored of them will belong to ${userName(ourUid())}, writable for the group`
  const checks = [doubtful(`${label}.owners`, message)]
  if (scan.notSetgid.length > 0) {
    checks.push(
      bad(`${label}.group`, `New files in ${some(scan.notSetgid)} would not get the group of the site: setgid is missing (2775)`),
    )
  }
  return checks
}

/** A restore stages beside what is there: in the worst case the whole tree stands twice. */
async function checkSpace(label: string, root: string, { bytes }: TreeScan): Promise<Check> {
  const { bavail, bsize } = await statfs(root)
  const free = bavail * bsize
  const message = `${sizeText(free)} free; a restore of everything needs up to ${sizeText(bytes)} beside what is there`
  return free < bytes ? doubtful(`${label}.space`, message) : good(`${label}.space`, message)
}

function modeOf(scan: TreeScan): FilesMode {
  if (ourUid() === 0) return 'root'
  return [...scan.owners.keys()].every((uid) => uid === ourUid()) ? 'owner' : 'group'
}

function ourUid(): number {
  return process.getuid?.() ?? -1
}

function some(paths: string[]): string {
  const shown = paths
    .slice(0, 3)
    .map((path) => `"${path}"`)
    .join(', ')
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more directories` : shown
}

function errnoText(code: string): string {
  const texts: Record<string, string> = {
    EACCES: 'Cairn has no right to write there (EACCES)',
    EPERM: 'the system does not permit it, perhaps the directory is immutable (EPERM)',
    EROFS: 'the file system is mounted read-only (EROFS)',
    EXDEV: 'moves within it cross file systems (EXDEV)',
    ENOSPC: 'the disk is full (ENOSPC)',
    EDQUOT: 'the quota is used up (EDQUOT)',
  }
  return texts[code] ?? code
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
