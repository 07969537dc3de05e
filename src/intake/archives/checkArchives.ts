import type { Framework, Warning } from '../../contract/words.ts'
import { checkCode } from './checkCode.ts'
import { findDump } from './checkDump.ts'
import { findFiles } from './checkFiles.ts'
import { type FoundSite, isBelow, relativeTo } from './foundSite.ts'
import type { GivenArchive } from './givenArchive.ts'
import type { Outline } from './outline.ts'

/** Which parts of which archives make a site. `archive` counts in the archives that were given; paths are theirs. */
export interface ArchivePlan {
  code: {
    archive: number
    root: string
    docroot: string
    framework: Framework
    version: string | null
    hasGit: boolean
    leaveOut: string[]
  }
  files: { archive: number; root: string } | null
  /** `path` is null when the file itself is the dump */
  database: { archive: number; path: string | null } | null
  /** Inside the docroot, where the files directory belongs */
  filesDirectory: string
  /** Of Drupal: the directory in `sites` that has the settings */
  siteDirectory: string | null
  warnings: Warning[]
}

/**
 * Tells what the archives of a new site hold, and refuses what could only become half a site. Nothing is asked that can be
 * seen: the framework, its docroot, the files directory, top directories that packing added.
 *
 * @param holds whether a directory stands at a path of an archive, however unusual: an outline knows the usual ones alone
 * @throws {Failure} ARCHIVE_REFUSED with `details.reason` and what to do
 */
export function checkArchives(
  given: readonly GivenArchive[],
  holds: (archive: number, path: string) => boolean = (archive, path) => given[archive]?.outline?.has(path) === true,
): ArchivePlan {
  const at = (...roles: GivenArchive['role'][]): number => given.findIndex(({ role }) => roles.includes(role))
  const codeAt = at('code', 'all')
  const warnings: Warning[] = []
  const found = checkCode(given[codeAt])
  warnings.push(...found.warnings)
  const { site, filesDirectory, siteDirectory, outline } = found
  const filesAt = at('files')
  const databaseAt = at('database')

  const inside = holds(codeAt, filesDirectory) ? filesDirectory : null
  const own = filesAt < 0 ? null : { archive: filesAt, root: findFiles(given[filesAt]) }
  const beside = own === null && given[codeAt]?.role === 'all' ? besideCode(outline, site) : null
  const files =
    own ?? (beside === null ? (inside === null ? null : { archive: codeAt, root: inside }) : { archive: codeAt, root: beside })
  if (own !== null && inside !== null) {
    warnings.push(
      warning('FILES_TWICE', 'files', `The code holds "${filesDirectory}" as well: the files archive is used`, filesDirectory),
    )
  }
  const database =
    databaseAt >= 0
      ? { archive: databaseAt, path: findDump(given[databaseAt], null) }
      : given[codeAt]?.role === 'all'
        ? { archive: codeAt, path: findDump(given[codeAt], site, files?.archive === codeAt ? files.root : null) }
        : null

  const elsewhere = [inside, files?.archive === codeAt ? files.root : null, database?.archive === codeAt ? database.path : null]
  const leaveOut = elsewhere.flatMap((path) =>
    path !== null && isBelow(path, site.codeRoot) ? [relativeTo(path, site.codeRoot)] : [],
  )
  return {
    code: {
      archive: codeAt,
      root: site.codeRoot,
      docroot: site.docroot === site.codeRoot ? '' : relativeTo(site.docroot, site.codeRoot),
      framework: site.framework as Framework,
      version: site.version,
      hasGit: outline.has(site.codeRoot === '' ? '.git/HEAD' : `${site.codeRoot}/.git/HEAD`),
      leaveOut: [...new Set(leaveOut)],
    },
    files,
    database,
    filesDirectory: relativeTo(filesDirectory, site.docroot),
    siteDirectory,
    warnings,
  }
}

/** Archives that hold all have the files in a directory of their own, beside the code (Drush and hosts). */
function besideCode(outline: Outline, site: FoundSite): string | null {
  const above = site.codeRoot.includes('/') ? site.codeRoot.slice(0, site.codeRoot.lastIndexOf('/') + 1) : ''
  if (site.codeRoot === '') return null
  const names = outline.besideTop(above)
  return (
    names.find((name) => /^files(_[a-z0-9-]+)?$/.test(name) && `${above}${name}` !== site.codeRoot)?.replace(/^/, above) ?? null
  )
}

function warning(code: string, element: Warning['element'], message: string, path: string | null = null): Warning {
  return { code, element, message, path }
}
