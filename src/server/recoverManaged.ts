import type { Logger } from 'pino'
import { isErrno } from '../base/failure.ts'
import { openSiteRepository } from '../git/siteRepository.ts'
import { cleanUpLeftovers } from '../releases/managed/cleanUpLeftovers.ts'
import { describeRelease } from '../releases/managed/describeRelease.ts'
import type { ManagedPlace } from '../releases/managed/layout.ts'
import type { Release } from '../releases/managed/records.ts'
import { recoverSwitches } from '../releases/managed/recoverSwitches.ts'
import { emptyCaches } from '../releases/managed/upkeep/emptyCaches.ts'
import type { Catalogue } from '../sites/catalogue.ts'
import { whoElse } from '../sites/ownUids.ts'
import type { State } from '../state/open.ts'
import type { ManagedHome } from '../workflows/managed/home.ts'
import { repositoryPath } from '../workflows/managed/putRelease.ts'
import type { Configuration } from './configuration.ts'

interface RecoverOptions {
  configuration: Pick<Configuration, 'undoKeepDays'>
  state: Pick<State, 'db'>
  sites: Pick<Catalogue, 'updateRelease'>
  log: Logger
}

/**
 * What a start does for managed sites before anybody is served: interrupted switches are ended, what killed workflows left is
 * removed from releases and repositories. May be repeated. One site that is damaged is logged and keeps no other from its turn.
 */
export async function recoverManaged(
  home: ManagedHome,
  places: ManagedPlace[],
  { configuration, state: { db }, sites, log }: RecoverOptions,
): Promise<void> {
  if (places.length === 0) return
  for (const { site, name, uid } of places) {
    const other = process.geteuid?.() === 0 ? whoElse(uid) : null
    if (other !== null) log.error(`user ${uid} of ${site}.${name} belongs to ${other} as well, who may read and write its files`)
  }
  for (const site of new Set(places.map((place) => place.site))) await mendRepository(site)
  const { mysql } = await home.open()
  const { releases, names, sitesDirectory } = home
  const settled = await recoverSwitches({
    places,
    mysql,
    emptyCaches: (place, number) => emptyCaches(place, number, { releases, mysql }),
    onCommit: (place, { to }) =>
      releases.setCurrent(place.id, to.number, new Date(Date.now() + configuration.undoKeepDays * 86_400_000)),
  })
  for (const { place, result } of settled) log.warn({ result }, `ended an interrupted switch of ${place.site}.${place.name}`)
  for (const place of places) {
    const current = await releases.current(place.id)
    if (current !== null) await followRelease(place, current)
  }
  const isAlive = (id: string): Promise<boolean> => willGoOn(db, id)
  const removed = await cleanUpLeftovers({ sitesDirectory, places, releases, mysql, names, isAlive })
  if (removed.length > 0) log.info({ removed }, 'removed what unfinished changes had left')

  /** A workflow that was killed and then cancelled opens it no more: what its git had begun would stay, and be backed up. */
  async function mendRepository(site: string): Promise<void> {
    try {
      await openSiteRepository(repositoryPath({ managed: home }, site))
    } catch (error) {
      log.error(error, `the git repository of ${site} cannot be opened: it is being deleted, or was lost`)
    }
  }

  /** One environment that is half deleted, or was lost, must not keep the others from being served. */
  async function followRelease(place: ManagedPlace, release: Release): Promise<void> {
    try {
      await sites.updateRelease(place.id, describeRelease({ place, mysql }, release))
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
      log.error(error, `release ${release.number} of ${place.site}.${place.name} is not there: it is being deleted, or was lost`)
    }
  }
}

/** True while the workflow has not ended. */
export async function willGoOn(db: State['db'], workflow: string): Promise<boolean> {
  const open = db.selectFrom('workflow').select('id').where('id', '=', workflow).where('state', 'in', ['queued', 'running'])
  return (await open.executeTakeFirst()) !== undefined
}
