import type { UndoResult } from '../../contract/workSchemas.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Release } from '../../releases/managed/records.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { noUndo } from '../restore/changeEnvironment.ts'
import { branchToMove, moveMaster } from './moveMaster.ts'
import { openGround, switchTo } from './putRelease.ts'
import { emptyCachesAgain } from './upkeep.ts'

export interface ManagedUndo {
  /** Where an undo leads now: back, or forward again to what was undone */
  direction: 'back' | 'forward'
  /** The release that made the change */
  change: Release
  /** Until when the release that it leads to is kept */
  keepUntil: Date | null
}

/** What an undo of a managed environment would do now; null when there is nothing to undo. */
export async function findManagedUndo(house: Pick<House, 'managed'>, environmentId: string): Promise<ManagedUndo | null> {
  const { releases } = house.managed
  const forward = await releases.undoTarget(environmentId, 'forward')
  if (forward !== null) return { direction: 'forward', change: forward, keepUntil: forward.keepUntil }
  const current = await releases.current(environmentId)
  const back = await releases.undoTarget(environmentId, 'back')
  return current === null || back === null ? null : { direction: 'back', change: current, keepUntil: back.keepUntil }
}

/**
 * Makes the release before current again, or the one after it. Content that both share is as it is now, without the caches where
 * the change emptied them. Where that changes the
 * code of dev, `master` goes along, so that the next deploy, the next push and a start find what dev shows.
 */
export async function undoManaged(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  direction: 'back' | 'forward',
): Promise<UndoResult> {
  const found = await context.step('find the release', async () => {
    const { releases } = house.managed
    const target = await releases.undoTarget(environment.id, direction)
    const change = direction === 'forward' ? target : await releases.current(environment.id)
    if (target === null || change === null) throw noUndo(environment)
    const branch = await branchToMove(house, environment, target)
    const { createdAt, origin } = change
    const emptiesCaches = origin.emptiedCaches === true && (await releases.current(environment.id))?.schema === target.schema
    return { to: target.number, changedAt: createdAt.toISOString(), backup: origin.backup, branch, emptiesCaches }
  })
  await context.step('switch', async (run) => {
    await context.pointOfNoReturn()
    await context.fence()
    const to = await house.managed.releases.find(environment.id, found.to)
    const ground = await openGround(house, environment.id)
    const underFence = found.emptiesCaches ? { underFence: () => emptyCachesAgain(house, ground, to, run) } : {}
    await switchTo(house, ground, to, run, { mayBeBroken: true, ...underFence })
  })
  const branch = found.branch ?? null
  if (branch !== null) await context.step('move the branch', (run) => moveMaster(house, environment, branch, context.actor, run))
  const { db } = house.state
  const taken = await db.selectFrom('backup').select('moment_at').where('id', '=', found.backup).executeTakeFirst()
  return {
    inPlace: direction === 'back' ? 'before' : 'after',
    restoredAt: found.changedAt,
    backup: found.backup,
    momentAt: taken?.moment_at.toISOString() ?? null,
  }
}
