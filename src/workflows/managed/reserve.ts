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
  const { mysql, php } = await house.managed.open()
  const { releases, names } = house.managed
  await php?.forget(environment.id)
  await dropEnvironment({ place: placeOf(environment), releases, mysql, names })
  await house.sites.remove(environment.site, environment.name)
}

/** Removes a whole managed site. Safe to repeat. */
export async function removeSite(house: House, site: SiteName): Promise<void> {
  const environments = await house.sites.listEnvironments(site).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'SITE_NOT_FOUND') return []
    throw error
  })
  for (const environment of environments) await removeEnvironment(house, environment)
  await house.sites.removeEmptySite(site)
  removeTree(join(house.managed.sitesDirectory, site), house.managed.sitesDirectory)
}
