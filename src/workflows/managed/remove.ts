import { newUlid, parseUlid } from '../../base/ids.ts'
import type { DeletedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import { parseSiteName } from '../../sites/names.ts'
import { takeBackup } from '../backup/takeBackup.ts'
import type { House } from '../house.ts'
import { removeEnvironment, removeSite } from './reserve.ts'

export interface RemoveInput {
  site: string
  environment: string | null
  /** Those that have something to back up */
  environmentIds: string[]
}

const keepForDays = 365

/** Deletes an environment after a last backup, which stays. */
export function deleteEnvironmentWorkflow(house: House): WorkflowDefinition {
  return removal(house, 'delete_environment', async ({ site, environment }) => {
    const left = await house.sites.listEnvironments(site)
    const found = left.find(({ name }) => name === environment)
    if (found !== undefined) await removeEnvironment(house, found)
  })
}

/** Deletes a managed site after a last backup of each environment; the backups stay. */
export function deleteSiteWorkflow(house: House): WorkflowDefinition {
  return removal(house, 'delete_site', ({ site }) => removeSite(house, parseSiteName(site)))
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
