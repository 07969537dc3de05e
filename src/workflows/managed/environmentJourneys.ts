import { Failure } from '../../base/failure.ts'
import type {
  CloneInput as CloneRequest,
  DeployInput as DeployRequest,
  EnvironmentSettings,
  ImportInput as ImportRequest,
  SearchReplaceInput as SearchReplaceRequest,
} from '../../contract/managedSchemas.ts'
import type { Actor, WorkflowKind } from '../../contract/words.ts'
import { parseAddress } from '../../elements/database/addresses/addressPair.ts'
import { findCommit } from '../../git/refs.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import type { ChangeSettingsInput } from './changeSettings.ts'
import type { CloneInput } from './clone.ts'
import { provideSiteRepository } from './code.ts'
import type { DeployInput } from './deploy.ts'
import { findManaged, type Place, requireContent } from './findManaged.ts'
import { requireOtherCode } from './otherCode.ts'
import { wordGiven } from './given.ts'
import type { ImportInput } from './import.ts'
import type { MoveCodeInput } from './moveCode.ts'
import { requireOwnAddress } from './ownAddress.ts'
import type { SearchReplaceInput } from './searchReplace.ts'
import type { Enqueued, Start } from './start.ts'
import { requireUpkeep } from './upkeep.ts'
import type { WipeInput } from './wipe.ts'

/** Filling, moving and changing the content of environments. */
export function environmentJourneys(house: House, start: Start) {
  const change = (kind: WorkflowKind, environment: Environment, others: Environment[], actor: Actor, input: object) => {
    const ids = [environment, ...others].map(({ id }) => id)
    return start(kind, { site: environment.site, environment: environment.name, ids }, actor, input)
  }

  return {
    /** Of one site: content of another one comes by restoring its backup. */
    async clone(
      from: Place,
      to: Place,
      { elements: chosen, replaceAddresses }: Pick<CloneRequest, 'elements' | 'replaceAddresses'>,
      actor: Actor,
    ): Promise<Enqueued> {
      const environment = await findManaged(house, to, 'clone into')
      const source = await findManaged(house, from, 'clone from')
      if (source.site !== environment.site || source.id === environment.id) {
        throw new Failure(
          'INPUT_INVALID',
          `Cannot clone "${from.site}.${from.environment}" into "${to.site}.${to.environment}"`,
          {
            hint:
              source.id === environment.id
                ? 'They are the same: name another environment of the site'
                : 'Content of another site comes by restoring its backup',
          },
        )
      }
      requireContent(source)
      const input: CloneInput = {
        ...{ environmentId: environment.id, fromId: source.id, elements: chosen },
        replaceAddresses: replaceAddresses ?? true,
      }
      return change('clone', environment, [source], actor, input)
    },

    async deploy(place: Place, asked: Omit<DeployRequest, 'confirm'>, actor: Actor): Promise<Enqueued> {
      const { note, syncContent, updateDatabase = false, clearCache = false } = asked
      const environment = await findManaged(house, place, 'deploy to')
      const before = ({ test: 'dev', live: 'test' } as Record<string, string>)[environment.name]
      if (before === undefined) {
        throw new Failure(
          'PREFLIGHT_REFUSED',
          `Cannot deploy to "${place.site}.${environment.name}": code goes from dev to test to live`,
          { hint: `Deploy to "${place.site}.test", and from there to "${place.site}.live"` },
        )
      }
      const from = await findManaged(house, { site: place.site, environment: before }, 'deploy from')
      requireContent(from)
      await requireUpkeep(house, from, { update: updateDatabase, clear: clearCache })
      const content = syncContent === true ? await findManaged(house, { site: place.site, environment: 'live' }, 'copy') : null
      if (content !== null) requireContent(content)
      if (content?.id === environment.id) throw new Failure('INPUT_INVALID', 'Cannot copy the content of live to live')
      const input: DeployInput = {
        ...{ environmentId: environment.id, fromId: from.id, note: note ?? null },
        contentFromId: content?.id ?? null,
        ...{ updateDatabase, clearCache },
      }
      return change('deploy', environment, content === null ? [from] : [from, content], actor, input)
    },

    /** @throws {Failure} UPLOAD_NOT_FOUND, LINK_REFUSED, INPUT_INVALID */
    async importElement(place: Place, asked: Omit<ImportRequest, 'confirm'>, actor: Actor): Promise<Enqueued> {
      const environment = await findManaged(house, place, 'import into')
      requireContent(environment)
      const { dryRun = false } = asked
      if (dryRun && asked.element === 'database')
        throw new Failure('INPUT_INVALID', 'Cannot list what a database would change: a dry run is of code or files')
      const input: ImportInput = {
        ...{ environmentId: environment.id, element: asked.element, given: await wordGiven(house, asked.from, actor) },
        ...{ how: asked.code === 'overwrite' ? 'overlay' : 'replace', replaceAddresses: asked.replaceAddresses ?? true, dryRun },
      }
      return change('import', environment, [], actor, input)
    },

    /** @throws {Failure} COMMIT_NOT_FOUND, PREFLIGHT_REFUSED where there is nothing to do */
    async revertCode(place: Place, commit: string, actor: Actor): Promise<Enqueued> {
      const { environment, input } = await findCode(house, place, commit)
      await requireOtherCode(house, environment, 'revert', input.commit)
      return change('revert_code', environment, [], actor, input)
    },

    /** Rewrites history: whoever asks has confirmed it. @throws {Failure} as of `revertCode` */
    async resetCode(place: Place, commit: string, actor: Actor): Promise<Enqueued> {
      const { environment, input } = await findCode(house, place, commit)
      await requireOtherCode(house, environment, 'reset', input.commit)
      return change('reset_code', environment, [], actor, input)
    },

    async searchReplace(place: Place, asked: Omit<SearchReplaceRequest, 'confirm'>, actor: Actor): Promise<Enqueued> {
      const environment = await findManaged(house, place, 'replace in')
      requireContent(environment)
      for (const { from, to } of asked.pairs) [from, to].forEach(parseAddress)
      const input: SearchReplaceInput = { environmentId: environment.id, pairs: asked.pairs, dryRun: asked.dryRun ?? false }
      return change('search_replace', environment, [], actor, input)
    },

    /** @throws {Failure} INPUT_INVALID for an address that is none, or not its own */
    async changeSettings(place: Place, asked: Omit<EnvironmentSettings, 'confirm'>, actor: Actor): Promise<Enqueued> {
      const environment = await findManaged(house, place, 'change')
      requireContent(environment)
      if (asked.url !== null) await requireOwnAddress(house, environment, asked.url)
      const input: ChangeSettingsInput = { environmentId: environment.id, ...asked }
      return change('change_settings', environment, [], actor, input)
    },

    async wipe(place: Place, actor: Actor): Promise<Enqueued> {
      const environment = await findManaged(house, place, 'wipe')
      requireContent(environment)
      const input: WipeInput = { environmentId: environment.id }
      return change('wipe', environment, [], actor, input)
    },
  }
}

/** Code is written on dev: test and live get theirs by deploys. */
async function findCode(house: House, place: Place, name: string): Promise<{ environment: Environment; input: MoveCodeInput }> {
  const environment = await findManaged(house, place, 'change the code of')
  if (environment.name !== 'dev') {
    throw new Failure('PREFLIGHT_REFUSED', `Cannot change the code of "${place.site}.${environment.name}": it comes by deploys`, {
      hint: `Do it on "${place.site}.dev", and deploy`,
    })
  }
  requireContent(environment)
  const commit = await findCommit(await provideSiteRepository(house, place.site), name)
  return { environment, input: { environmentId: environment.id, commit } }
}
