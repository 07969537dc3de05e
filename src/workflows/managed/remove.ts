import { Failure } from '../../base/failure.ts'
import { newUlid, parseUlid } from '../../base/ids.ts'
import type { DeletedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import { parseSiteName } from '../../sites/names.ts'
import { type Steps, takeBackup } from '../backup/takeBackup.ts'
import type { House } from '../house.ts'
import { isInterrupted } from './putRelease.ts'
import { removeEnvironment, removeSite } from './reserve.ts'

export interface RemoveInput {
  site: string
  environment: string | null
  /** All that are deleted */
  ids: string[]
  /** Those of them that have something to back up */
  environmentIds: string[]
  /** One whose last backup cannot be taken is deleted without it. @default {false} */
  givesUpLastBackup?: boolean
}

const keepForDays = 365

/** Deletes an environment after a last backup, which stays. */
export function deleteEnvironmentWorkflow(house: House): WorkflowDefinition {
  return removal(house, 'delete_environment', async ({ ids }) => {
    for (const environment of await stillThere(house, ids)) await removeEnvironment(house, environment)
  })
}

/** Deletes a managed site after a last backup of each environment; the backups stay. */
export function deleteSiteWorkflow(house: House): WorkflowDefinition {
  return removal(house, 'delete_site', async ({ site, ids }) =>
    removeSite(house, parseSiteName(site), await stillThere(house, ids)),
  )
}

/** By id: since a killed attempt removed one, somebody may have made another of its name. */
export async function stillThere({ sites }: Pick<House, 'sites'>, ids: readonly string[]): Promise<Environment[]> {
  const found: Environment[] = []
  for (const id of ids) {
    const environment = await sites.findById(id).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'ENVIRONMENT_NOT_FOUND') return null
      throw error
    })
    if (environment !== null) found.push(environment)
  }
  return found
}

function removal(house: House, kind: string, remove: (input: RemoveInput) => Promise<void>): WorkflowDefinition {
  return defineWorkflow<RemoveInput, DeletedResult>({
    kind,
    version: 1,
    changes: true,
    async run(context, input) {
      const lastBackups = await lastBackupsOf(house, context, input)
      await context.step('delete', async () => {
        await context.pointOfNoReturn()
        await context.fence()
        await remove(input)
      })
      return { site: input.site, environment: input.environment, lastBackups }
    },
  })
}

async function lastBackupsOf(house: House, context: WorkflowContext, input: RemoveInput): Promise<string[]> {
  const { environmentIds, givesUpLastBackup = false } = input
  const ids = await context.step('name the last backups', async () => environmentIds.map(() => newUlid()))
  const taken: string[] = []
  for (const [index, environmentId] of environmentIds.entries()) {
    const request = {
      ...{ id: parseUlid(ids[index] ?? ''), environmentId, actor: context.actor, workflowId: context.id },
      ...{ keepForDays, note: 'the last one, before the deletion', paranoid: false },
    }
    const steps: Steps = (name, work) => context.step(`last backup ${index + 1}: ${name}`, work)
    try {
      const { backup } = await takeBackup(
        house,
        { ...request, elements: ['code', 'files', 'database'], trigger: 'safety' },
        steps,
      )
      taken.push(backup)
    } catch (error) {
      if (context.run.signal.aborted || isInterrupted(context, error)) throw error
      const { site, name } = await house.sites.findById(environmentId)
      const why = error instanceof Error ? error.message : String(error)
      if (!givesUpLastBackup) throw withoutLastBackup(input, `Cannot take the last backup of "${site}.${name}": ${why}`, error)
      const message = `"${site}.${name}" is deleted without a last backup: ${why}`
      await steps('given up', async (run) => run.warn({ code: 'LAST_BACKUP_GIVEN_UP', element: null, message, path: null }))
    }
  }
  return taken
}

/** What is broken beyond reading can be deleted all the same, and whoever wants that must hear how. */
function withoutLastBackup({ site, environment }: RemoveInput, message: string, cause: unknown): Failure {
  const command = environment === null ? `site:delete ${site}` : `env:delete ${site}.${environment}`
  return new Failure(cause instanceof Failure ? cause.code : 'ENVIRONMENT_UNREACHABLE', message, {
    hint: `Nothing was deleted. Mend it, or delete it without a last backup: cairn ${command} --give-up-last-backup`,
    retry: cause instanceof Failure ? cause.retry : 'after-repair',
    cause,
  })
}
