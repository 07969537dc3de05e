import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../../base/failure.ts'

/** One site of a Drupal, by its directory. */
export interface SiteDirectory {
  /** Relative to the docroot: `sites/default`; `.` for a Backdrop whose settings stand in the docroot */
  name: string
  settings: string
}

/** Every directory with settings of its own. Two names of one directory (a link) count once, the real one. */
export function findSiteDirectories(docroot: string, inDocroot: boolean): SiteDirectory[] {
  const own = inDocroot && existsSync(join(docroot, 'settings.php')) ? ['.'] : []
  const names = [...own, ...subdirectories(join(docroot, 'sites')).map((name) => `sites/${name}`)]
  const found = names
    .map((name) => ({ name, settings: join(docroot, name, 'settings.php') }))
    .filter(({ settings }) => existsSync(settings))
  const real = (site: SiteDirectory): string => realpathSync(join(docroot, site.name))
  const isReal = (site: SiteDirectory): boolean => real(site) === join(realpathSync(docroot), site.name)
  const ordered = [...found.filter(isReal), ...found.filter((site) => !isReal(site))]
  return ordered.filter((site, index) => ordered.findIndex((other) => real(other) === real(site)) === index)
}

/** Directories of other sites on the same code: attached by themselves. */
export function otherSiteDirectories(docroot: string, own: string, inDocroot: boolean): string[] {
  return findSiteDirectories(docroot, inDocroot)
    .map(({ name }) => name)
    .filter((name) => name !== '.' && realpathSync(join(docroot, name)) !== realOr(own))
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => name !== 'all' && name !== 'simpletest')
      .toSorted()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
}

function realOr(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    return path
  }
}
