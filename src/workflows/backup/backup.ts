import { parseUlid } from '../../base/ids.ts'
import type { Element } from '../../contract/words.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { takeBackup } from './takeBackup.ts'

export interface BackupInput {
  environmentId: string
  elements: Element[]
  keepForDays: number | null
  note: string | null
  paranoid: boolean
}

/** Takes one backup by hand. The backup has the workflow's id. */
export function backupWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<BackupInput, { backup: string }>({
    kind: 'backup',
    version: 1,
    changes: false,
    run: (context, input) =>
      takeBackup(
        house,
        { ...input, id: parseUlid(context.id), trigger: 'manual', actor: context.actor, workflowId: context.id },
        (name, work) => context.step(name, work),
      ),
  })
}
