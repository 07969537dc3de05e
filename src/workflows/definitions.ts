import type { WorkflowDefinition } from '../queue/define.ts'
import { backupWorkflow } from './backup/backup.ts'
import { detachWorkflow } from './detach.ts'
import { expireWorkflow } from './expire.ts'
import type { House } from './house.ts'
import { addEnvironmentWorkflow } from './managed/addEnvironment.ts'
import { changeSettingsWorkflow } from './managed/changeSettings.ts'
import { cloneWorkflow } from './managed/clone.ts'
import { createSiteWorkflow } from './managed/create.ts'
import { deployWorkflow } from './managed/deploy.ts'
import { followMasterWorkflow } from './managed/followMaster.ts'
import { importWorkflow } from './managed/import.ts'
import { lookAtArchivesWorkflow } from './managed/lookAtArchives.ts'
import { resetCodeWorkflow, revertCodeWorkflow } from './managed/moveCode.ts'
import { deleteEnvironmentWorkflow, deleteSiteWorkflow } from './managed/remove.ts'
import { searchReplaceWorkflow } from './managed/searchReplace.ts'
import { wipeWorkflow } from './managed/wipe.ts'
import { restoreWorkflow } from './restore/restore.ts'
import { undoWorkflow } from './restore/undo.ts'

const all = [
  ...[backupWorkflow, restoreWorkflow, undoWorkflow, expireWorkflow, detachWorkflow],
  ...[createSiteWorkflow, addEnvironmentWorkflow, deleteEnvironmentWorkflow, deleteSiteWorkflow],
  ...[cloneWorkflow, deployWorkflow, wipeWorkflow],
  ...[importWorkflow, revertCodeWorkflow, resetCodeWorkflow, searchReplaceWorkflow],
  ...[followMasterWorkflow, changeSettingsWorkflow, lookAtArchivesWorkflow],
]

/** Every journey, for the queue. */
export function workflowDefinitions(house: House): WorkflowDefinition[] {
  return all.map((make) => make(house))
}
