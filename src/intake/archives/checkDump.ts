import type { GivenArchive } from './givenArchive.ts'
import { type FoundSite, isBelow, relativeTo } from './foundSite.ts'
import { listed, refuseArchive } from './refuseArchive.ts'

/**
 * The one dump of an archive; null when the file itself is it.
 *
 * @param site whose code stands in the same archive: SQL files deep in it belong to its modules and plugins
 * @param files the directory of the uploads in it: SQL files in there are uploads, or what another backup tool left
 * @throws {Failure} ARCHIVE_REFUSED
 */
export function findDump(given: GivenArchive | undefined, site: FoundSite | null, files: string | null = null): string | null {
  if (given === undefined || given.kind === 'sql') return null
  const { name, outline } = given
  const all = outline?.found.dump ?? []
  const beside = files === null ? all : all.filter((path) => !isBelow(path, files))
  const found = site === null ? beside : outsideCode(beside, site)
  const [only] = found
  if (only === undefined) {
    throw refuseArchive(
      'no-dump',
      name,
      'no database dump was found in it',
      'A dump is a file that ends in .sql or .sql.gz, as mysqldump, "wp db export" and "drush sql:dump" write it',
    )
  }
  if (found.length > 1) {
    throw refuseArchive(
      'several-dumps',
      name,
      `it holds several database dumps: ${listed(found)}`,
      'Keep the one that belongs to the site',
    )
  }
  return only
}

/** Outside of the code, else right in its top directories. */
function outsideCode(paths: string[], site: FoundSite): string[] {
  const outside = paths.filter((path) => !isBelow(path, site.codeRoot))
  if (outside.length > 0) return outside
  return paths.filter((path) =>
    [site.codeRoot, site.docroot].some(
      (directory) => isBelow(path, directory) && /^((db|database|sql|dump)\/)?[^/]+$/.test(relativeTo(path, directory)),
    ),
  )
}
