import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { removeTree } from '../../base/files.ts'
import type { Framework } from '../../contract/words.ts'
import { dropEnvironment } from '../../releases/managed/dropReleases.ts'
import { environmentDirectory, makeEnvironment, placeOf } from '../../releases/managed/layout.ts'
import type { Environment } from '../../sites/environment.ts'
import { type EnvironmentName, parseEnvironmentName, parseSiteName, type SiteName } from '../../sites/names.ts'
import type { House } from '../house.ts'

/** The three that every managed site has; test and live get their content with the first deploy. */
const usual = ['dev', 'test', 'live'] as const

interface NewSite {
  site: string
  label: string | null
  framework: Framework
  /** The workflow that makes it */
  workflow: string
  /** A former attempt of it may have made some of the site */
  isRepeated: boolean
}

/** What reserving needs of the house. */
type Grounds = Pick<House, 'sites'> & { managed: Pick<House['managed'], 'open' | 'sitesDirectory'> }

/**
 * Takes the name of a new site, with its empty environments.
 *
 * @param onTaken called once the name is ours: from then on a failure has something to remove
 * @throws {Failure} SITE_TAKEN
 */
export async function reserveSite(
  house: Grounds,
  { site, label, framework, workflow, isRepeated }: NewSite,
  onTaken: () => void,
): Promise<void> {
  const name = parseSiteName(site)
  try {
    await house.sites.createSite({ name, label, framework })
  } catch (error) {
    if (!isRepeated || !(error instanceof Failure) || error.code !== 'SITE_TAKEN') throw error
    if (!(await house.sites.listEnvironments(name)).every((environment) => isOwn(environment, workflow))) throw error
  }
  const [first, ...others] = usual
  try {
    // of two that find a site without environments, whoever makes this one has it
    await reserveEnvironment(house, name, parseEnvironmentName(first), workflow)
  } catch (error) {
    await house.sites.removeEmptySite(name)
    throw error
  }
  onTaken()
  for (const environment of others) await reserveEnvironment(house, name, parseEnvironmentName(environment), workflow)
}

/**
 * Takes the name of a new environment. Safe to repeat by the same workflow; one that another workflow made, or is making, is
 * left alone.
 *
 * @throws {Failure} SITE_TAKEN
 */
export async function reserveEnvironment(
  house: Grounds,
  site: SiteName,
  name: EnvironmentName,
  workflow: string,
): Promise<Environment> {
  const { addressOf } = await house.managed.open()
  const known = (await house.sites.listEnvironments(site)).find((each) => each.name === name)
  const directory = environmentDirectory(house.managed.sitesDirectory, site, name)
  if (known !== undefined && !isOwn(known, workflow)) {
    throw new Failure('SITE_TAKEN', `Cannot create "${site}.${name}": this environment exists already, or is being made`)
  }
  const made = { site, name, directory, url: addressOf(site, name), madeBy: workflow }
  const environment = known ?? (await house.sites.addManaged(made))
  makeEnvironment(placeOf(environment))
  return environment
}

function isOwn({ managed }: Environment, workflow: string): boolean {
  return managed !== null && managed.release === 0 && managed.madeBy === workflow
}

/** Removes an environment with all it has; its row goes last. Safe to repeat. */
export async function removeEnvironment(house: House, environment: Environment): Promise<void> {
  await dropContent(house, environment)
  await house.sites.remove(environment.site, environment.name)
}

/**
 * Removes a whole managed site; its name is free when nothing of it is left. Safe to repeat.
 *
 * @param environments those that are the caller's to remove: where there are others, somebody has made the site anew
 */
export async function removeSite(house: House, site: SiteName, environments: readonly Environment[]): Promise<void> {
  for (const environment of environments) await dropContent(house, environment)
  const others = (await environmentsOf(house, site)).filter(({ id }) => environments.every((own) => own.id !== id))
  if (others.length === 0) removeTree(join(house.managed.sitesDirectory, site), house.managed.sitesDirectory)
  for (const { name } of environments) await house.sites.remove(site, name)
  await house.sites.removeEmptySite(site)
}

/** None where there is no such site. */
export async function environmentsOf({ sites }: Pick<House, 'sites'>, site: SiteName): Promise<Environment[]> {
  return sites.listEnvironments(site).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'SITE_NOT_FOUND') return []
    throw error
  })
}

async function dropContent(house: House, environment: Environment): Promise<void> {
  const { mysql, php } = await house.managed.open()
  const { releases, names } = house.managed
  await php?.forget(environment.id)
  // where what follows fails, it can be deleted once more without a backup of the half that is left
  const nothing = { release: 0, schema: '', commit: null, derived: [] }
  await house.sites.updateRelease(environment.id, { ...environment, ...nothing })
  await dropEnvironment({ place: placeOf(environment), releases, mysql, names })
}
