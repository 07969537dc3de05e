import type { UndoResult } from '../../contract/workSchemas.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { undoManaged } from '../managed/undo.ts'
import { noUndo, playChange } from './changeEnvironment.ts'
import { changeOf, latestUndo } from './undoSets.ts'
import { untilEnded } from './unfinished.ts'

export interface UndoInput {
  environmentId: string
  /** Fixed when it was asked for, so that a repeated attempt does not turn round */
  direction: 'forward' | 'back'
}

/** Takes the last restore back, or does it again. What was written meanwhile stays in the side that goes away. */
export function undoWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<UndoInput, UndoResult>({
    kind: 'undo',
    version: 1,
    changes: true,
    async run(context, { environmentId, direction }) {
      const environment = await house.sites.findById(environmentId)
      if (environment.managed !== null) return undoManaged(house, context, environment, direction)
      const row = await latestUndo(house, environmentId)
      if (row === null) throw noUndo(environment)
      await context.step('apply', async (run) => {
        await context.pointOfNoReturn()
        await context.fence()
        await untilEnded(house, row.id, () => playChange(house, environment, changeOf(row), direction, run))
      })
      await context.step('finish', async () => {
        const state = direction === 'back' ? 'undone' : 'ready'
        await house.state.db.updateTable('undo').set({ state }).where('id', '=', row.id).execute()
      })
      return {
        inPlace: direction === 'back' ? 'before' : 'after',
        restoredAt: row.created_at.toISOString(),
        backup: row.backup_id,
        momentAt: await momentOf(house, row.backup_id),
      }
    },
  })
}

async function momentOf({ state }: House, backupId: string | null): Promise<string | null> {
  const row = await state.db.selectFrom('backup').select('moment_at').where('id', '=', backupId).executeTakeFirst()
  return row?.moment_at.toISOString() ?? null
}
