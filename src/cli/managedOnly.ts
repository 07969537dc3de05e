import { Failure } from '../base/failure.ts'
import type { AllowedActions } from '../contract/accessSchemas.ts'
import { type Action, actions } from '../contract/actions.ts'
import type { EnvironmentView } from '../contract/schemas.ts'
import type { Context } from './context.ts'
import type { EnvironmentName } from './inputs.ts'

/**
 * Refuses what the server would refuse, before a person is warned of it and types a name.
 *
 * @param verb as the server words it: `wipe`, `clone into`
 * @throws {Failure} PREFLIGHT_REFUSED for an attached environment
 */
export function requireManaged(
  { text }: Pick<EnvironmentName, 'text'>,
  { kind }: Pick<EnvironmentView, 'kind'>,
  verb: string,
): void {
  if (kind !== 'attached') return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot ${verb} "${text}": it is attached, not managed`, {
    hint: `Cairn changes an attached site by restoring a backup only. Of a backup of it a managed one can be made: cairn site:create NAME --from-backup=ID, with an id from "cairn backup:list ${text} --fields=backup"`,
  })
}

/**
 * Refuses what the server would refuse after the upload: an environment that takes no import, and who may not import into it.
 *
 * @throws {Failure} PREFLIGHT_REFUSED, NOT_ALLOWED
 */
export async function requireImportable(
  { client }: Context,
  environment: EnvironmentName,
  view: Pick<EnvironmentView, 'kind' | 'managed'>,
): Promise<void> {
  const { text, site } = environment
  requireManaged(environment, view, 'import into')
  if (view.managed?.release === 0) {
    throw new Failure('PREFLIGHT_REFUSED', `Cannot import into "${text}": nothing was ever deployed there`, {
      hint: `Deploy to it first: cairn env:deploy ${text}; or import into ${site}.dev`,
    })
  }
  await requireRight({ client }, 'environment.import', environment)
}

/** @throws {Failure} NOT_ALLOWED with the reason that the server gives */
async function requireRight({ client }: Pick<Context, 'client'>, action: Action, place: EnvironmentName): Promise<void> {
  const { site, environment } = place
  const { actions: known } = await client.get<AllowedActions>('/v1/whoami/actions', { site, environment })
  const found = known.find((one) => one.action === action)
  if (found === undefined || found.allowed) return
  const { means } = actions[action]
  throw new Failure(
    'NOT_ALLOWED',
    `Cannot ${means.charAt(0).toLowerCase()}${means.slice(1)}: no right to "${action}" on ${place.text}`,
    {
      hint: `${found.reason ?? 'Your roles do not reach'}. Ask an administrator of this installation`,
    },
  )
}
