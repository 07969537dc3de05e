import { defineWorkflow, type WorkflowDefinition } from '../queue/define.ts'
import { dropReleases } from '../releases/managed/dropReleases.ts'
import { placeOf } from '../releases/managed/layout.ts'
import type { House } from './house.ts'
import { dropOverdueTips } from './managed/undoRefs.ts'
import { dropUndoSets } from './restore/undoSets.ts'

export interface ExpireInput {
  environmentId: string
}

/**
 * Deletes the undo sets, or the kept releases and the tips that resets left, of an environment whose time is over. Backups that expire are hidden by their
 * dates and need no work.
 */
export function expireWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<ExpireInput, { dropped: number }>({
    kind: 'expire',
    version: 1,
    changes: true,
    async run(context, { environmentId }) {
      const environment = await house.sites.findById(environmentId)
      if (environment.managed !== null) {
        return context.step('drop releases', async (run) => {
          const { releases, names, keepReleases: keep } = house.managed
          const { mysql } = await house.managed.open()
          const gone = await dropReleases({ place: placeOf(environment), releases, mysql, names, keep, now: run.now() })
          const tips = environment.name === 'dev' ? await dropOverdueTips(house, environment.site, run.now()) : 0
          return { dropped: gone.length + tips }
        })
      }
      return context.step('drop undo sets', async (run) => {
        const dropped = await dropUndoSets(house, environmentId, run.now(), (error) =>
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
