import type { WorkflowDefinition } from '../queue/define.ts'
import { backupWorkflow } from './backup/backup.ts'
import { expireWorkflow } from './expire.ts'
import type { House } from './house.ts'
import { restoreWorkflow } from './restore/restore.ts'
import { undoWorkflow } from './restore/undo.ts'

/** Every journey, for the queue. */
export function workflowDefinitions(house: House): WorkflowDefinition[] {
  return [backupWorkflow(house), restoreWorkflow(house), undoWorkflow(house), expireWorkflow(house)]
}
