import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { noUndo, playChange } from './changeEnvironment.ts'
import { changeOf, latestUndo } from './undoSets.ts'

export interface UndoInput {
  environmentId: string
  /** Fixed when it was asked for, so that a repeated attempt does not turn round */
  direction: 'forward' | 'back'
}

/** Takes the last restore back, or does it again. What was written meanwhile stays in the side that goes away. */
export function undoWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<UndoInput, { direction: 'forward' | 'back'; backup: string | null }>({
    kind: 'undo',
    version: 1,
    changes: true,
    async run(context, { environmentId, direction }) {
      const environment = await house.sites.findById(environmentId)
      const row = await latestUndo(house, environmentId)
      if (row === null) throw noUndo(environment)
      await context.step('apply', async (run) => {
        await context.pointOfNoReturn()
        await context.fence()
        await playChange(house, environment, changeOf(row), direction, run)
      })
      await context.step('finish', async () => {
        const state = direction === 'back' ? 'undone' : 'ready'
        await house.state.db.updateTable('undo').set({ state }).where('id', '=', row.id).execute()
      })
      return { direction, backup: row.backup_id }
    },
  })
}
