import { parseUlid } from '../../base/ids.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import { takeBackup } from '../backup/takeBackup.ts'
import type { House } from '../house.ts'

/** A backup of all that an environment has, before it is changed; null where it has nothing yet. Its id is the workflow's. */
export async function safetyBackup(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  keepForDays: number = house.undoKeepDays,
): Promise<string | null> {
  if (environment.managed?.release === 0) return null
  const request = {
    ...{ id: parseUlid(context.id), workflowId: context.id, environmentId: environment.id, actor: context.actor },
    ...{ keepForDays, note: null, paranoid: false },
  }
  const { backup } = await takeBackup(
    house,
    { ...request, elements: ['code', 'files', 'database'], trigger: 'safety' },
    (name, work) => context.step(`safety backup: ${name}`, work),
  )
  return backup
}
