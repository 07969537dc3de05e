import { Failure } from '../../base/failure.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'

export interface Place {
  site: string
  environment: string
}

/**
 * @throws {Failure} PREFLIGHT_REFUSED for an attached environment: its files and database are somebody else's; WORKFLOW_BUSY for
 * one that is still being made
 */
export async function findManaged(house: Pick<House, 'sites' | 'state'>, place: Place, verb: string): Promise<Environment> {
  const environment = await house.sites.find(place.site, place.environment)
  if (environment.managed !== null) {
    await requireMade(house, environment, verb)
    return environment
  }
  throw new Failure('PREFLIGHT_REFUSED', `Cannot ${verb} "${place.site}.${place.environment}": it is attached, not managed`, {
    hint:
      verb === 'delete'
        ? `Cairn does not own what it would delete. It forgets it with "cairn site:detach ${place.site}.${place.environment}"`
        : 'Create a managed site out of a backup of it: cairn site:create NAME --from-backup=ID',
  })
}

/** The workflow that makes an environment could not take it for itself: it was not there when that was asked for. */
async function requireMade({ state }: Pick<House, 'state'>, { site, name, managed }: Environment, verb: string): Promise<void> {
  const maker = managed?.release === 0 ? (managed.madeBy ?? null) : null
  if (maker === null) return
  const { db } = state
  const open = db.selectFrom('workflow').select('kind').where('id', '=', maker).where('state', 'in', ['queued', 'running'])
  const found = await open.executeTakeFirst()
  if (found === undefined) return
  throw new Failure('WORKFLOW_BUSY', `Cannot ${verb} "${site}.${name}": ${found.kind} "${maker}" is making it`, {
    hint: `Wait for it: cairn workflow:wait ${maker}`,
    retry: 'later',
    details: { workflow: maker },
  })
}

/** @throws {Failure} PREFLIGHT_REFUSED where nothing was ever deployed */
export function requireContent({ site, name, managed }: Environment): void {
  if (managed?.release !== 0) return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot use "${site}.${name}": nothing was ever deployed there`, {
    hint: `Deploy to it first: cairn env:deploy ${site}.${name}`,
  })
}
