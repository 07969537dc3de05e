import { Failure } from '../../base/failure.ts'
import { newUlid, parseUlid } from '../../base/ids.ts'
import type { DeletedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import { parseSiteName } from '../../sites/names.ts'
import { takeBackup } from '../backup/takeBackup.ts'
import type { House } from '../house.ts'
import { removeEnvironment, removeSite } from './reserve.ts'

export interface RemoveInput {
  site: string
  environment: string | null
  /** All that are deleted */
  ids: string[]
  /** Those of them that have something to back up */
  environmentIds: string[]
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
async function stillThere({ sites }: House, ids: readonly string[]): Promise<Environment[]> {
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
      const lastBackups = await lastBackupsOf(house, context, input.environmentIds)
      await context.step('delete', async () => {
        await context.pointOfNoReturn()
        await context.fence()
        await remove(input)
      })
      return { site: input.site, environment: input.environment, lastBackups }
    },
  })
}

async function lastBackupsOf(house: House, context: WorkflowContext, environmentIds: string[]): Promise<string[]> {
  const ids = await context.step('name the last backups', async () => environmentIds.map(() => newUlid()))
  const taken: string[] = []
  for (const [index, environmentId] of environmentIds.entries()) {
    const request = {
      ...{ id: parseUlid(ids[index] ?? ''), environmentId, actor: context.actor, workflowId: context.id },
      ...{ keepForDays, note: 'the last one, before the deletion', paranoid: false },
    }
    const { backup } = await takeBackup(
      house,
      { ...request, elements: ['code', 'files', 'database'], trigger: 'safety' },
      (name, work) => context.step(`last backup ${index + 1}: ${name}`, work),
    )
    taken.push(backup)
  }
  return taken
}
