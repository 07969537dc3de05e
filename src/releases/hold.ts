import { join } from 'node:path'
import type { Run } from '../base/run.ts'
import { rulesOf } from '../sites/frameworks/rules.ts'
import { sitesFile } from '../sites/frameworks/drupal/hold.ts'
import type { Environment } from '../sites/environment.ts'
import { locate } from './apply/areas.ts'
import { openJournal } from './apply/journal.ts'
import { holdSites, letSitesIn } from './holdSites.ts'
import { enterMaintenance, leaveMaintenance } from './maintenance.ts'

type Held = Pick<Environment, 'framework' | 'coreDirectory'>

/**
 * Answers 503 to every request that begins from now on, by a file that the framework itself looks for: nothing of the site is
 * edited, and what a killed process leaves is found by its mark and removed. Does nothing when it is held already.
 *
 * @param home the journal of the apply that comes, or null: a file that the apply moves itself cannot hold meanwhile
 * @throws {Failure} APPLY_CONFLICT, retry `later`, while WordPress updates itself; PREFLIGHT_REFUSED when nothing can be written
 */
export async function holdRequests({ framework, coreDirectory }: Held, home: string | null, run: Run): Promise<void> {
  if (rulesOf(framework).hold === 'maintenance') return enterMaintenance(coreDirectory)
  const isMoved = home !== null && moves(home, join(coreDirectory, sitesFile.path))
  if (!isMoved && (await holdSites(coreDirectory)) === 'held') return
  run.warn({
    code: 'REQUESTS_NOT_HELD',
    element: null,
    message: isMoved
      ? `"${sitesFile.path}" is itself restored, so requests were not held: one that came meanwhile may have seen old and new together`
      : 'There is no directory "sites" to hold requests by: one that came meanwhile may have seen old and new together',
    path: sitesFile.path,
  })
}

/** Lets requests in again. Removes only what `holdRequests` wrote; may be called at any time, also when nothing is held. */
export async function letRequestsIn({ framework, coreDirectory }: Held): Promise<void> {
  if (rulesOf(framework).hold === 'maintenance') await leaveMaintenance(coreDirectory)
  else await letSitesIn(coreDirectory)
}

/** Whether the plan of an apply moves an entry, or a directory above it. */
function moves(home: string, path: string): boolean {
  const journal = openJournal(home)
  try {
    const areas = journal.areas()
    const place = locate(areas, Buffer.from(path).toString('latin1'))
    return journal.readPlan().moves.some((move) => move.area === place.area && `${place.path}/`.startsWith(`${move.path}/`))
  } finally {
    journal.close()
  }
}
