import type { GivenArchive } from './givenArchive.ts'
import { joinPath } from './foundSite.ts'
import { listed, refuseArchive } from './refuseArchive.ts'

/** Archives that backup tools leave among the files: with them each backup would hold all backups before it. */
const stale =
  /(^|\/)(backup_migrate|updraft|ai1wm-backups|wpvividbackups|backups-dup-[^/]*|backwpup-[^/]*|backups?)\/.*\.(tar|tgz|gz|zip|sql|wpress|daf|bz2)$|\.(wpress|daf)$|_(code|files|database)\.(tar\.gz|sql\.gz)$/i

/** A directory that packing put around the files. A year or an album is none: it belongs to their paths. */
const wrapping = /^(files|uploads|files_[a-z0-9-]+|.+[-_.](files|uploads))$/i

/**
 * Where in a files archive the files begin.
 *
 * @throws {Failure} ARCHIVE_REFUSED
 */
export function findFiles(given: GivenArchive | undefined): string {
  const { name, outline } = given ?? { name: 'nothing', outline: null }
  if (outline === null) {
    throw refuseArchive('several-files', name, 'it is a database dump, and files are wanted', 'Give it as the database')
  }
  const left = outline.found.archive.concat(outline.found.dump).filter((path) => stale.test(path))
  if (left.length > 0) {
    throw refuseArchive(
      'stale-archive',
      name,
      `archives of backups lie among the files: ${listed(left)}`,
      'Delete them, or move them elsewhere, and pack the files again',
    )
  }
  const { uploads } = outline.found
  const isPair =
    outline.sharedTop.length === 0 &&
    outline.top.includes('private') &&
    outline.top.some((top) => ['files', 'public'].includes(top))
  if (uploads.length > 1 || isPair) {
    throw refuseArchive(
      'several-files',
      name,
      `it holds several files directories: ${listed(isPair ? outline.top : uploads)}`,
      'Pack one of them; private files lie in a directory "private" of the files',
    )
  }
  const [only] = uploads
  if (only !== undefined) return only
  const last = outline.sharedTop.findLastIndex((part) => wrapping.test(part))
  return joinPath(...outline.sharedTop.slice(0, last + 1))
}
