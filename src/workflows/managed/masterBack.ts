import { Failure } from '../../base/failure.ts'
import { dropUndo } from '../../git/moveBranch.ts'
import { moveRefs } from '../../git/refs.ts'
import { defaultBranch, openSiteRepository } from '../../git/siteRepository.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { isInterrupted, repositoryPath } from './putRelease.ts'

export interface MasterMove {
  /** Where `master` is now, and where it was; null where it did not exist */
  commit: string
  parent: string | null
}

/**
 * Does what follows a move of `master`; where that fails, `master` goes back, so that no later push, deploy or start of Cairn
 * brings the refused code after all. It stays where somebody has pushed on top of it.
 */
export async function orMasterBack<T>(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  moved: () => MasterMove | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const move = environment.name === 'dev' && !isInterrupted(context, error) ? moved() : null
    if (move !== null && move.parent !== null && move.parent !== move.commit) await moveBack(house, context, environment, move)
    throw error
  }
}

async function moveBack(
  house: House,
  context: WorkflowContext,
  { id, site }: Environment,
  { commit, parent }: MasterMove,
): Promise<void> {
  if ((await house.sites.findById(id)).managed?.commit === commit) return // it is shown: what failed came later
  const repository = await openSiteRepository(repositoryPath(house, site))
  try {
    await moveRefs(repository, [{ ref: defaultBranch, from: commit, to: parent }])
    await dropUndo(repository, context.id)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'CODE_MOVED') throw error
    context.run.log('warn', '"master" stays: somebody has pushed meanwhile')
  }
}
