import { Failure } from '../base/failure.ts'
import type { DetachedResult } from '../contract/workSchemas.ts'
import { defineWorkflow, type WorkflowDefinition } from '../queue/define.ts'
import type { Environment } from '../sites/environment.ts'
import type { House } from './house.ts'
import { stillThere } from './managed/remove.ts'
import { dropUndoSets, keptUndoSets } from './restore/undoSets.ts'

export interface DetachInput {
  environmentId: string
}

/**
 * Forgets an attached environment whose undo sets are still kept: they are deleted first, all of them. Where one cannot be, the
 * environment stays attached. Its directory, its database and its backups stay. Safe to repeat after a crash at any moment.
 */
export function detachWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<DetachInput, DetachedResult>({
    kind: 'detach',
    version: 1,
    changes: true,
    async run(context, { environmentId }) {
      // counted before: a repeated attempt finds those that are left
      const undoDropped = await context.step('count undo sets', async () => (await keptUndoSets(house, environmentId)).length)
      await context.step('drop undo sets', async () => {
        await context.pointOfNoReturn()
        await context.fence()
        const [environment] = await stillThere(house, [environmentId])
        if (environment === undefined) return
        await dropUndoSets(house, environmentId, null, (error) => {
          throw undoStays(environment, error)
        })
      })
      await context.step('forget', async () => {
        await context.fence()
        for (const { site, name } of await stillThere(house, [environmentId])) await house.sites.remove(site, name)
      })
      return { undoDropped }
    },
  })
}

/** @throws {Failure} PREFLIGHT_REFUSED */
export function requireAttached({ site, name, kind }: Environment): void {
  if (kind !== 'managed') return
  throw new Failure('PREFLIGHT_REFUSED', `Cannot detach "${site}.${name}": it is managed, its files are here and nowhere else`, {
    hint: 'cairn env:delete or cairn site:delete removes it, after a last backup',
  })
}

function undoStays({ site, name }: Environment, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause)
  const isKnown = cause instanceof Failure
  return new Failure(
    isKnown ? cause.code : 'ENVIRONMENT_UNREACHABLE',
    `Cannot detach "${site}.${name}": its undo set could not be deleted: ${why}`,
    {
      hint: `It is attached still. Mend it (${isKnown && cause.hint !== undefined ? cause.hint : `other credentials: cairn site:attach ${site}.${name} --path=DIR --again`}), and ask again`,
      retry: isKnown ? cause.retry : 'after-repair',
      cause,
    },
  )
}
