import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { releasePaths } from '../../releases/managed/layout.ts'
import { renewContent } from '../../releases/managed/prepareRelease.ts'
import type { Release } from '../../releases/managed/records.ts'
import { emptyCaches } from '../../releases/managed/upkeep/emptyCaches.ts'
import { findDrush, noDrush, runUpkeep, type Upkeep } from '../../releases/managed/upkeep/runUpkeep.ts'
import type { PhpRuntime } from '../../runtime/types.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import type { Ground, PutOptions, WantedRelease } from './putRelease.ts'

const updateSecondsMax = 6 * 3600
/** Visitors wait for it at a 503 */
const clearSecondsMax = 120

/**
 * Updating the database and emptying caches as parts of a change. An update works on a copy of files and database, before the release is tried: one
 * that fails leaves the environment as it was. Visitors are held off from the copy on (`holdsVisitors`), so nothing is written that
 * the copy lacks. Caches alone are emptied where they are, while nothing of the site runs.
 *
 * @param content the copy: for an update that was interrupted, which begins with the copy again, of files as well as database
 */
export function upkeepOf(
  house: House,
  { update, clear }: Upkeep,
  content: (ground: Ground, run: Run) => Promise<Pick<WantedRelease, 'files' | 'database'>>,
): Pick<PutOptions, 'upkeep' | 'underFence'> {
  const keep = async (ground: Ground, number: number, run: Run, timeoutSeconds: number): Promise<string[]> => {
    const { place, mysql, url } = ground
    const release = await house.managed.releases.find(place.id, number)
    return runUpkeep({ place, release, php: requirePhp(ground.php), mysql, url, update, clear, timeoutSeconds, run })
  }
  if (!update) return clear ? { underFence: (ground, number, run) => keep(ground, number, run, clearSecondsMax) } : {}
  return {
    async upkeep(ground, number, run) {
      const { place, mysql } = ground
      const mark = join(releasePaths(place, number).release, 'updating')
      if (existsSync(mark)) {
        run.progress({ note: 'the copy again, after an interruption' })
        const release = await house.managed.releases.find(place.id, number)
        const { names, releases } = house.managed
        const { files, database } = await content(ground, run)
        await renewContent({ place, mysql, names, releases, files, database, run }, release)
      }
      writeFileSync(mark, '')
      run.progress({ note: 'updating the database' })
      return keep(ground, number, run, updateSecondsMax)
    },
  }
}

/**
 * For an undo of a release that emptied the caches, or of that undo: what the code now left stands in them again, and is not for
 * the code that is shown then. By the site's own code as the deploy did it, which for Drupal 8 is its routes as well; where
 * that fails, for an undo mends what is broken, by what is known of its framework.
 */
export async function emptyCachesAgain(house: House, ground: Ground, to: Release, run: Run): Promise<void> {
  const { place, mysql, url } = ground
  try {
    const php = requirePhp(ground.php)
    const asked = { update: false, clear: true, timeoutSeconds: clearSecondsMax }
    await runUpkeep({ place, release: to, php, mysql, url, run, ...asked })
  } catch (error) {
    if (!(error instanceof Failure) || run.signal.aborted) throw error
    run.log('warn', `${error.message}: they are emptied without it`)
    await emptyCaches(place, to.number, { releases: house.managed.releases, mysql })
  }
}

/**
 * Whether the code of an environment can be updated by itself here, before anything is begun.
 *
 * @throws {Failure} RUNTIME_OFF, PREFLIGHT_REFUSED
 */
export async function requireUpkeep(house: House, from: Environment, { update, clear }: Upkeep): Promise<void> {
  if (!update && !clear) return
  requirePhp((await house.managed.open()).php).requireTool()
  if (update && from.framework === 'drupal8' && findDrush(from.codeRoot) === null) throw noDrush()
}

function requirePhp(php: PhpRuntime | null): PhpRuntime {
  if (php !== null) return php
  throw new Failure('RUNTIME_OFF', 'Cannot update the database or empty caches: no PHP runs here', {
    hint: 'Start the server as root, with PHP installed',
    retry: 'after-repair',
  })
}
