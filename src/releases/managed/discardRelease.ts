import { closeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import { openDirectory } from '../../hosts/local/handles.ts'
import { removeByHandle } from '../../hosts/local/removeByHandle.ts'
import type { MysqlHome } from '../../runtime/types.ts'
import { fence } from './accounts.ts'
import { isDefiner } from './definers.ts'
import { filesPath, type ManagedPlace, releasePaths } from './layout.ts'
import type { Names } from './names.ts'
import type { Release, Releases } from './records.ts'
import { temporaryPath } from './tellEnvironment.ts'

interface DiscardOptions {
  place: ManagedPlace
  releases: Releases
  mysql: MysqlHome
  names: Names
}

/**
 * Removes what a release has for itself: its code, its account, and files and schema unless another release that still counts
 * refers to them. The row stays, for the caller to mark. Safe to repeat, also for a release that was never made.
 */
export async function discardRelease(options: DiscardOptions, release: Release): Promise<void> {
  const others = (await options.releases.list(options.place.id)).filter(({ number }) => number !== release.number)
  await discardBeside(others, options, release)
}

/** As `discardRelease`, with the releases that still count. */
export async function discardBeside(
  others: readonly Release[],
  { place, mysql, names }: Omit<DiscardOptions, 'releases'>,
  release: Release,
): Promise<void> {
  removeBelow(releasePaths(place, release.number).release)
  removeBelow(temporaryPath(place, release.number))
  if (others.every(({ filesId }) => filesId !== release.filesId)) removeBelow(filesPath(place, release.filesId))
  if (others.every(({ schema }) => schema !== release.schema)) {
    await mysql.dropSchema(release.schema)
    await mysql.dropAccount(names.owner(release.schema))
  } else if (await isDefiner(mysql, release.account, release.schema)) {
    // what the site itself made in it meanwhile would fail without its definer; a locked one is fine
    return fence(mysql, release.account)
  }
  await mysql.dropAccount(release.account)
}

/** Deletes a file or tree that a site may have had in its hands, through handles. */
export function removeBelow(path: string): void {
  let parent: number
  try {
    parent = openDirectory(dirname(path))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  try {
    removeByHandle(parent, Buffer.from(basename(path)))
  } finally {
    closeSync(parent)
  }
}
