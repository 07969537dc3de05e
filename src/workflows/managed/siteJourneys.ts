import { Failure } from '../../base/failure.ts'
import type {
  AddEnvironmentInput as AddEnvironmentRequest,
  CreateSiteInput as CreateSiteRequest,
  Given,
} from '../../contract/managedSchemas.ts'
import { type Actor, elements } from '../../contract/words.ts'
import { findBackup, requireUsable } from '../../backups/catalogue.ts'
import type { Environment } from '../../sites/environment.ts'
import { parseEnvironmentName, parseSiteName, type SiteName } from '../../sites/names.ts'
import type { House } from '../house.ts'
import type { AddEnvironmentInput } from './addEnvironment.ts'
import type { ArchiveRole, ArchivesInput } from './archives.ts'
import type { CreateSiteInput } from './create.ts'
import { findManaged, type Place, requireContent } from './findManaged.ts'
import { wordGiven } from './given.ts'
import type { RemoveInput } from './remove.ts'
import type { Enqueued, Start } from './start.ts'

/** Making and deleting sites and environments. */
export function siteJourneys(house: House, start: Start) {
  return {
    /** @throws {Failure} as `createSite`, which makes the site; this only says whether it could */
    async checkSite({ site, source }: CreateSiteRequest, actor: Actor): Promise<void> {
      await requireFree(house, site)
      await sourceFor(house, source, actor)
    },

    /** @throws {Failure} SITE_TAKEN, SITE_NAME_INVALID, RUNTIME_OFF, BACKUP_NOT_FOUND, ELEMENT_MISSING */
    async createSite({ site, label, source, dryRun = false }: CreateSiteRequest, actor: Actor): Promise<Enqueued> {
      const name = await requireFree(house, site)
      const input: CreateSiteInput = { site: name, label: label ?? null, source: await sourceFor(house, source, actor) }
      if (dryRun) {
        if (input.source.kind !== 'archives') {
          throw new Failure('INPUT_INVALID', 'Cannot look at what the site would be made of: only archives have to be looked at')
        }
        return start('look_at_archives', { site: name, environment: null, ids: [] }, actor, input.source)
      }
      return start('create_site', { site: name, environment: null, ids: [] }, actor, input)
    },

    async addEnvironment(asked: { site: string } & AddEnvironmentRequest, actor: Actor): Promise<Enqueued> {
      const { site } = asked
      const from = await findManaged(house, { site, environment: asked.from ?? 'dev' }, 'copy')
      requireContent(from)
      const name = parseEnvironmentName(asked.environment)
      const known = await house.sites.listEnvironments(site)
      if (known.some((environment) => environment.name === name))
        throw new Failure('SITE_TAKEN', `Cannot create "${site}.${name}": this environment exists already`, {
          hint: `Choose another name; "cairn env:list ${site}" shows those there are`,
        })
      const input: AddEnvironmentInput = { site, environment: name, fromId: from.id }
      return start('add_environment', { site, environment: name, ids: [from.id] }, actor, input)
    },

    async deleteEnvironment(place: Place & GivingUp, actor: Actor): Promise<Enqueued> {
      const environment = await findManaged(house, place, 'delete')
      if (['dev', 'test', 'live'].includes(environment.name)) {
        throw new Failure(
          'PREFLIGHT_REFUSED',
          `Cannot delete "${place.site}.${place.environment}": every site has dev, test and live`,
          {
            hint: `Wipe it, or delete the site: cairn site:delete ${place.site}`,
          },
        )
      }
      const input: RemoveInput = {
        site: place.site,
        environment: environment.name,
        ids: [environment.id],
        environmentIds: filled([environment]),
        ...givenUp(place),
      }
      return start('delete_environment', about(environment), actor, input)
    },

    async deleteSite({ site, ...asked }: { site: string } & GivingUp, actor: Actor): Promise<Enqueued> {
      const environments = await house.sites.listEnvironments(site)
      for (const { name } of environments) await findManaged(house, { site, environment: name }, 'delete')
      const ids = environments.map(({ id }) => id)
      const input: RemoveInput = { site, environment: null, ids, environmentIds: filled(environments), ...givenUp(asked) }
      return start('delete_site', { site, environment: null, ids }, actor, input)
    },
  }
}

async function requireFree(house: House, site: string): Promise<SiteName> {
  const name = parseSiteName(site)
  if ((await house.sites.listSites()).some((known) => known.name === name))
    throw new Failure('SITE_TAKEN', `Cannot create site "${name}": it exists already`, { hint: 'Choose another name' })
  await house.managed.open()
  return name
}

async function sourceFor(house: House, source: CreateSiteRequest['source'], actor: Actor): Promise<CreateSiteInput['source']> {
  if (source.kind === 'empty') return source
  if (source.kind === 'archives') {
    const { all, code, database, files, replaceAddresses = true } = source
    if ((all === undefined) === (code === undefined) || (all !== undefined && (database ?? files) !== undefined)) {
      throw new Failure('INPUT_INVALID', 'Cannot create a site from these archives: one that holds all is wanted, or its code', {
        hint: 'Give "all", or "code" with "database" and "files"',
      })
    }
    const given: ArchivesInput['given'] = []
    for (const [role, one] of Object.entries({ all, code, database, files } as Partial<Record<ArchiveRole, Given>>))
      if (one !== undefined) given.push({ role: role as ArchiveRole, input: await wordGiven(house, one, actor) })
    return { kind: 'archives', given, replaceAddresses }
  }
  const backup = await findBackup(house.store, source.backup)
  requireUsable(backup)
  const held = elements.filter((element) => backup.elements[element] !== undefined)
  return {
    ...{ kind: 'backup', backup: backup.id, elements: source.elements ?? held },
    replaceAddresses: source.replaceAddresses ?? true,
  }
}

type GivingUp = Pick<RemoveInput, 'givesUpLastBackup'>

function givenUp({ givesUpLastBackup = false }: GivingUp): GivingUp {
  return givesUpLastBackup ? { givesUpLastBackup } : {}
}

/** What has something to back up. */
function filled(environments: readonly Environment[]): string[] {
  return environments.filter(({ managed }) => managed !== null && managed.release > 0).map(({ id }) => id)
}

function about({ site, name, id }: Environment): { site: string; environment: string; ids: string[] } {
  return { site, environment: name, ids: [id] }
}
