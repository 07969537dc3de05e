import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import type { SiteDesk } from '../../api/deps.ts'
import { Failure } from '../../base/failure.ts'
import type { DetectInput, EnvironmentView, Overrides, SiteView } from '../../contract/schemas.ts'
import { askDatabase } from '../../sites/detect/askDatabase.ts'
import { type Detection, detectSite } from '../../sites/detect/detectSite.ts'
import { environmentFrom } from '../../sites/detect/environmentFrom.ts'
import { viewDatabase, viewDetection } from '../../sites/detect/view.ts'
import type { Site } from '../../sites/catalogue.ts'
import type { Environment } from '../../sites/environment.ts'
import { parseEnvironmentName, parseSiteName } from '../../sites/names.ts'
import { checkOthers } from '../../sites/preflight/checkOthers.ts'
import { preflight } from '../../sites/preflight/preflight.ts'
import { requireAttached } from '../../workflows/detach.ts'
import type { House } from '../../workflows/house.ts'
import { findManaged, requireContent } from '../../workflows/managed/findManaged.ts'
import { webserverOf } from '../../workflows/managed/webserver.ts'
import { repositoryPath } from '../../workflows/managed/putRelease.ts'
import { findManagedUndo } from '../../workflows/managed/undo.ts'
import { keptUndoSets } from '../../workflows/restore/undoSets.ts'
import { readCodeLog } from './codeLog.ts'

/** What the interface sees of sites and environments. */
export function siteDesk({ sites, state, managed }: Pick<House, 'sites' | 'state' | 'managed'>): SiteDesk {
  const view = async (environment: Environment, withPreflight: boolean): Promise<EnvironmentView> => ({
    ...viewEnvironment(environment),
    ...(environment.managed === null
      ? await viewUndoSets({ state }, environment.id)
      : { undo: await findReleaseUndo(managed, environment.id), undoSets: [] }),
    ...(withPreflight ? { preflight: await preflightView(environment) } : {}),
  })
  /** @throws {Failure} WORKFLOW_BUSY while something changes it: that goes on with what it knows */
  const idle = async (place: { site: string; environment: string }, verb: string): Promise<Environment> => {
    const environment = await sites.find(place.site, place.environment)
    const busy = await state.db
      .selectFrom('workflow')
      .select('id')
      .where(sql<boolean>`environment_ids @> array[${environment.id}]`)
      .where('state', 'in', ['queued', 'running'])
      .limit(1)
      .executeTakeFirst()
    if (busy === undefined) return environment
    throw new Failure(
      'WORKFLOW_BUSY',
      `Cannot ${verb} "${place.site}.${place.environment}" now: workflow ${busy.id} works on it`,
      {
        hint: `Wait for it with cairn workflow:wait ${busy.id}, or cancel it`,
        retry: 'later',
      },
    )
  }
  return {
    async detect({ path, overrides }: DetectInput) {
      return viewDetection(await detect(path, overrides ?? {}))
    },
    async attach(place, { path, label, adminDatabase, phpReload, again = false, ...overrides }) {
      const site = parseSiteName(place.site)
      const name = parseEnvironmentName(place.environment)
      const before = again ? await idle(place, 'attach') : null
      const detection = await detect(path, overrides)
      const wanted = environmentFrom(detection, {
        site,
        name,
        label: label ?? null,
        adminDatabase: adminDatabase ?? before?.adminDatabase ?? null,
        phpReload: phpReload === undefined ? (before?.phpReload ?? null) : commandWords(phpReload),
      })
      const environment = await sites.attach({ ...wanted, again })
      const { mode, checks } = await preflightView(environment)
      const all = await sites.listSites()
      const attached = (await Promise.all(all.map((one) => sites.listEnvironments(one.name)))).flat()
      return {
        environment: await view(environment, false),
        detection: viewDetection(detection),
        preflight: { mode, checks: [...checks, ...checkOthers(environment, attached)] },
      }
    },
    async detach(place) {
      const environment = await idle(place, 'detach')
      requireAttached(environment)
      const where = `${place.site}.${place.environment}`
      const [undo] = await findUndoSets({ state }, environment.id)
      // what it would be taken back to stands beside the site, and nobody would remove it
      if (undo !== undefined && existsSync(environment.codeRoot)) {
        throw new Failure(
          'PREFLIGHT_REFUSED',
          `Cannot detach "${where}": what its last restore replaced is kept until ${undo.keepUntil}`,
          {
            hint: `cairn site:detach ${where} --drop-undo deletes it too; then that restore cannot be undone any more. Or detach it later`,
          },
        )
      }
      await sites.remove(place.site, place.environment)
    },
    listSites: async () => (await sites.listSites()).map((site) => viewSite(site, managed)),
    findSite: async (site) => viewSite(await sites.findSite(site), managed),
    listEnvironments: async (site) =>
      Promise.all((await sites.listEnvironments(site)).map((environment) => view(environment, false))),
    findEnvironment: async (place, options) => view(await sites.find(place.site, place.environment), options.preflight),
    async webserverConfig(place) {
      const environment = await findManaged({ sites, state }, place, 'serve')
      requireContent(environment)
      const { php } = await managed.open()
      const { commands, files } = webserverOf(environment, php?.program ?? null)
      return { server: 'nginx', commands, files }
    },
    codeLog: (place, query) => readCodeLog({ sites, managed }, place, query),
  }
}

/** A directory's text first; the database, where it can be reached, knows the address and a moved uploads directory. */
async function detect(path: string, overrides: Overrides): Promise<Detection> {
  const detection = await detectSite(path, overrides)
  return detection.refusal === null ? askDatabase(detection) : detection
}

async function preflightView(
  environment: Environment,
): Promise<{ mode: string; checks: Awaited<ReturnType<typeof preflight>>['checks'] }> {
  if (environment.managed !== null) return { mode: 'a new release, switched to at once', checks: [] }
  const { mode, checks } = await preflight(environment)
  return { mode, checks }
}

async function findUndoSets(house: Pick<House, 'state'>, environmentId: string): Promise<EnvironmentView['undoSets']> {
  return (await keptUndoSets(house, environmentId)).flatMap(({ state, backup_id: backup, created_at, keep_until }) =>
    state === 'dropped'
      ? []
      : [{ state, backup, restoredAt: created_at.toISOString(), keepUntil: keep_until?.toISOString() ?? null }],
  )
}

async function viewUndoSets(
  house: Pick<House, 'state'>,
  environmentId: string,
): Promise<Pick<EnvironmentView, 'undo' | 'undoSets'>> {
  const undoSets = await findUndoSets(house, environmentId)
  return { undo: undoSets[0] ?? null, undoSets }
}

async function findReleaseUndo(managed: House['managed'], environmentId: string): Promise<EnvironmentView['undo']> {
  const found = await findManagedUndo({ managed }, environmentId)
  if (found === null) return null
  const { direction, change, keepUntil } = found
  return {
    state: direction === 'back' ? 'ready' : 'undone',
    backup: change.origin.backup,
    restoredAt: change.createdAt.toISOString(),
    keepUntil: keepUntil?.toISOString() ?? null,
  }
}

function viewEnvironment(environment: Environment): Omit<EnvironmentView, 'undo' | 'undoSets'> {
  const { id, site, name, kind, framework, version, codeRoot, docroot, filesDirectory, configFiles, url, managed, createdAt } =
    environment
  return {
    ...{ id, site, name, kind, framework, version, codeRoot, docroot, filesDirectory, configFiles, url },
    database: viewDatabase(environment.database),
    adminDatabase: environment.adminDatabase !== null,
    managed: managed === null ? null : { release: managed.release, commit: managed.commit },
    createdAt: createdAt.toISOString(),
  }
}

function viewSite({ name, label, framework, environments, createdAt }: Site, managed: House['managed']): SiteView {
  const hasCode = existsSync(repositoryPath({ managed }, name))
  const gitUrl = hasCode ? `${managed.ownAddresses()[0]}/git/${name}.git` : null
  return { name, label: label ?? name, framework, environments, gitUrl, createdAt: createdAt.toISOString() }
}

/** `systemctl reload php8.2-fpm`: words between blanks. No shell reads it, so there is nothing to quote. */
function commandWords(command: string): string[] {
  const words = command.trim().split(/\s+/)
  if (/["'\\$`|&;<>]/.test(command)) {
    throw new Failure(
      'INPUT_INVALID',
      `Cannot use the command "${command}": it is run without a shell, so quotes and redirections mean nothing`,
      {
        hint: 'Put it into a script and give the path of the script',
      },
    )
  }
  return words
}
