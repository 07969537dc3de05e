import { Failure } from '../../base/failure.ts'
import { treeOf } from '../../git/commitTree.ts'
import { readRef } from '../../git/refs.ts'
import { defaultBranch } from '../../git/siteRepository.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { provideSiteRepository } from './code.ts'

/**
 * Refuses what would make a backup, a release and a moment of maintenance for nothing: a revert to the code, or a reset to the
 * commit, that `master` has and the environment shows. Where they differ, as after a push that was refused, it is a way back.
 *
 * @param commit its full id
 * @throws {Failure} PREFLIGHT_REFUSED
 */
export async function requireOtherCode(
  house: House,
  { site, name, managed }: Environment,
  how: 'revert' | 'reset',
  commit: string,
): Promise<void> {
  const repository = await provideSiteRepository(house, site)
  const tip = await readRef(repository, defaultBranch)
  const shown = managed?.commit ?? null
  if (tip === null || shown === null) return
  const identify = async (id: string): Promise<string> => (how === 'reset' ? id : treeOf(repository, id))
  const wanted = await identify(commit)
  if ((await identify(tip)) !== wanted || (await identify(shown)) !== wanted) return
  const found = how === 'reset' ? 'this is its commit' : 'it has this code'
  throw new Failure('PREFLIGHT_REFUSED', `Cannot ${how} "${site}.${name}" to ${commit.slice(0, 12)}: ${found} already`, {
    hint: `There is nothing to do; "cairn env:code-log ${site}.${name}" lists the commits`,
  })
}
