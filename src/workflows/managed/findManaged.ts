import { Failure } from '../../base/failure.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'

export interface Place {
  site: string
  environment: string
}

/** @throws {Failure} PREFLIGHT_REFUSED for an attached environment: its files and database are somebody else's */
export async function findManaged(house: Pick<House, 'sites'>, place: Place, verb: string): Promise<Environment> {
  const environment = await house.sites.find(place.site, place.environment)
  if (environment.managed !== null) return environment
  throw new Failure('PREFLIGHT_REFUSED', `Cannot ${verb} "${place.site}.${place.environment}": it is attached, not managed`, {
    hint: 'Create a managed site out of a backup of it: cairn site:create',
  })
}

/** @throws {Failure} PREFLIGHT_REFUSED where nothing was ever deployed */
export function requireContent({ site, name, managed }: Environment): void {
  if (managed?.release !== 0) return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot use "${site}.${name}": nothing was ever deployed there`)
}
