import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { statOrNull } from '../../hosts/local/changes.ts'
import { mountIdOf, mountPoints } from '../../hosts/local/mounts.ts'
import type { TreeRoot } from '../../hosts/treeSource.ts'

/** A directory with everything below it that renames reach: one work directory serves it. Latin1 as all paths of a plan. */
export interface Area {
  directory: string
  /** Time of the directory before our work directory was made in it */
  mtimeNs: string
}

export interface Ground {
  areas: Area[]
  roots: Set<string>
  /** Directories that cannot be moved: roots and mount points */
  fixed: Set<string>
  /** Files that are mount points: a rename over them fails, so they are left alone */
  mountedFiles: Set<string>
}

/**
 * Finds the areas of roots. The first one belongs to the first root and holds the journal. A root that is missing belongs to
 * its nearest ancestor; a root inside another one on the same mount shares that one's area.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when a path leads through a link
 */
export function findGround(roots: readonly TreeRoot[]): Ground {
  const directories = roots.map((root) => latin1(root.directory))
  const below = mountPoints().filter((point) => directories.some((directory) => point.startsWith(`${directory}/`)))
  const mountedFiles = new Set(below.filter((point) => statOrNull(Buffer.from(point, 'latin1'))?.isFile() === true))
  const mountedDirectories = below.filter((point) => !mountedFiles.has(point))
  const bases = [...directories.map(nearestDirectory), ...mountedDirectories]
  const areas: { directory: string; mount: string }[] = []
  for (const directory of bases) {
    const mount = mountOf(directory)
    const outer = bases.filter((base) => directory.startsWith(`${base}/`) && mountOf(base) === mount)
    const shared = outer.sort((a, b) => a.length - b.length)[0] ?? directory
    if (!areas.some((area) => area.directory === shared)) areas.push({ directory: shared, mount })
  }
  return {
    areas: areas.map(({ directory }) => ({
      directory,
      mtimeNs: String(lstatSync(Buffer.from(directory, 'latin1'), { bigint: true }).mtimeNs),
    })),
    roots: new Set(directories),
    fixed: new Set([...directories, ...mountedDirectories]),
    mountedFiles,
  }
}

/** Where a full path (latin1) stands: the deepest area above it, and the path inside. */
export function locate(areas: readonly Area[], full: string): { area: number; path: string } {
  let best = -1
  areas.forEach((area, index) => {
    const fits = full === area.directory || full.startsWith(`${area.directory}/`)
    if (fits && (best < 0 || area.directory.length > (areas[best]?.directory.length ?? 0))) best = index
  })
  const area = areas[best]
  if (area === undefined) throw new Error(`no area holds "${full}"`)
  return { area: best, path: full.slice(area.directory.length + 1) }
}

export function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

export function shown(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}

function nearestDirectory(directory: string): string {
  let path = directory
  while (path !== '/' && statOrNull(Buffer.from(path, 'latin1')) === null) path = dirname(path)
  return path
}

function mountOf(directory: string): string {
  try {
    return mountIdOf(Buffer.from(directory, 'latin1'))
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR', 'ELOOP')) throw error
    throw new Failure('PREFLIGHT_REFUSED', `Cannot change "${shown(directory)}": a part of this path is a link or no directory`, {
      hint: 'Attach the site again by its real path, as "realpath" shows it',
      retry: 'after-repair',
      cause: error,
    })
  }
}
