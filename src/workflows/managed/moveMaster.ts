import { existsSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { Actor } from '../../contract/words.ts'
import { treeOf } from '../../git/commitTree.ts'
import { mergeBase } from '../../git/history.ts'
import { revertTo } from '../../git/moveBranch.ts'
import { moveRefs, readRef } from '../../git/refs.ts'
import { type Signature, signatureOf } from '../../git/signature.ts'
import { defaultBranch, openSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import type { Release } from '../../releases/managed/records.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { repositoryPath } from './putRelease.ts'

export interface BranchMove {
  /** Where `master` was found; a push that comes later wins */
  from: string
  /** The commit whose code dev shows then */
  to: string
}

/** What a switch of dev to a release asks of `master`: null where the code stays, and elsewhere. */
export async function branchToMove(house: House, environment: Environment, target: Release): Promise<BranchMove | null> {
  const shown = environment.managed?.commit ?? null
  const to = target.commit
  const path = repositoryPath(house, environment.site)
  if (environment.name !== 'dev' || shown === null || to === null || !existsSync(path)) return null
  const repository = await openSiteRepository(path)
  const from = await readRef(repository, defaultBranch)
  if (from === null || (await treeOf(repository, shown)) === (await treeOf(repository, to))) return null
  return { from, to }
}

/**
 * Moves `master` to the code of a commit without rewriting it: forward where the commit is behind none of it, as after a reset,
 * else by a commit that brings its tree back. Whoever has fetched can go on to push. Safe to repeat.
 */
export async function moveMaster(
  house: House,
  { site }: Environment,
  { from, to }: BranchMove,
  actor: Actor,
  run: Run,
): Promise<{ commit: string | null }> {
  const repository = await openSiteRepository(repositoryPath(house, site))
  const tip = await readRef(repository, defaultBranch)
  if (tip !== null && (await treeOf(repository, tip)) === (await treeOf(repository, to))) return { commit: tip }
  const commit = tip === from ? await moveFrom(repository, { from, to }, signatureOf(actor, run.now())) : null
  if (commit === null) run.log('warn', '"master" stays: somebody has pushed meanwhile')
  return { commit }
}

/** Null where somebody was faster. */
async function moveFrom(repository: SiteRepository, { from, to }: BranchMove, author: Signature): Promise<string | null> {
  try {
    if ((await mergeBase(repository, from, to)) !== from)
      return (await revertTo(repository, to, { message: `Undo: the code of ${to} again`, author })).commit
    await moveRefs(repository, [{ ref: defaultBranch, from, to }])
    return to
  } catch (error) {
    if (error instanceof Failure && error.code === 'CODE_MOVED') return null
    throw error
  }
}
