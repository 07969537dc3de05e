import { existsSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import { log } from '../../git/history.ts'
import { dropUndo, undoTip } from '../../git/moveBranch.ts'
import { moveRefs, readRef } from '../../git/refs.ts'
import { defaultBranch, openSiteRepository } from '../../git/siteRepository.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { isInterrupted, repositoryPath } from './putRelease.ts'

interface MoveOptions {
  /** What a reset sets `master` to; null for work that commits on top of it */
  resetTo?: string | null
}

/**
 * Does what moves `master`, and what follows; where that fails, `master` goes back, so that no later push, deploy or start of
 * Cairn brings the refused code after all. It stays where somebody has pushed on top of it.
 *
 * Whether and from where it was moved is told by the ref of the workflow's id that is written with the move: a former attempt
 * may have been killed before it could say so. A reset's stays, for people.
 */
export async function orMasterBack<T>(
  house: Pick<House, 'sites' | 'managed'>,
  context: Pick<WorkflowContext, 'id' | 'run'>,
  environment: Pick<Environment, 'id' | 'site' | 'name'>,
  work: () => Promise<T>,
  { resetTo = null }: MoveOptions = {},
): Promise<T> {
  const path = environment.name === 'dev' ? repositoryPath(house, environment.site) : null
  try {
    const result = await work()
    if (path !== null && resetTo === null && existsSync(path)) await dropUndo(await openSiteRepository(path), context.id)
    return result
  } catch (error) {
    if (path !== null && !isInterrupted(context, error) && existsSync(path))
      await moveBack(house, context, environment, { path, resetTo })
    throw error
  }
}

async function moveBack(
  house: Pick<House, 'sites'>,
  context: Pick<WorkflowContext, 'id' | 'run'>,
  { id }: Pick<Environment, 'id'>,
  { path, resetTo }: { path: string; resetTo: string | null },
): Promise<void> {
  const repository = await openSiteRepository(path)
  const before = await undoTip(repository, context.id)
  const tip = await readRef(repository, defaultBranch)
  if (before === null || tip === null) return // it was not moved
  if ((await house.sites.findById(id)).managed?.commit === tip) return // it is shown: what failed came later
  const isOwn = resetTo === null ? (await log(repository, tip, 1))[0]?.parents[0] === before : tip === resetTo
  try {
    if (!isOwn) throw new Failure('CODE_MOVED', 'Cannot move "master" back: it was moved')
    await moveRefs(repository, [{ ref: defaultBranch, from: tip, to: before }])
    await dropUndo(repository, context.id)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'CODE_MOVED') throw error
    context.run.log('warn', '"master" stays: somebody has pushed meanwhile')
  }
}
