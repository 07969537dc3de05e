import { defineWorkflow, type WorkflowDefinition } from '../queue/define.ts'
import type { House } from './house.ts'
import { dropOverdue } from './restore/undoSets.ts'

export interface ExpireInput {
  environmentId: string
}

/** Deletes the undo sets of an environment whose time is over. Backups that expire are hidden by their dates and need no work. */
export function expireWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<ExpireInput, { dropped: number }>({
    kind: 'expire',
    version: 1,
    changes: true,
    async run(context, { environmentId }) {
      return context.step('drop undo sets', async (run) => {
        const dropped = await dropOverdue(house, environmentId, run.now(), (error) =>
          run.warn({
            code: 'UNDO_NOT_DROPPED',
            element: null,
            message: error instanceof Error ? error.message : String(error),
            path: null,
          }),
        )
        return { dropped }
      })
    },
  })
}
