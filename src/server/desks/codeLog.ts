import { existsSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import type { CodeLog, CodeLogQuery } from '../../contract/managedSchemas.ts'
import { commitsLacking, log } from '../../git/history.ts'
import { listRefs, readRef } from '../../git/refs.ts'
import { defaultBranch, openSiteRepository } from '../../git/siteRepository.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../../workflows/house.ts'
import { repositoryPath } from '../../workflows/managed/putRelease.ts'

const usual = 50

/**
 * The commits of an environment's code, newest first: of dev all that its branch has, elsewhere what was deployed.
 *
 * @throws {Failure} PREFLIGHT_REFUSED for an attached environment
 */
export async function readCodeLog(
  house: Pick<House, 'sites' | 'managed'>,
  { site, environment: name }: { site: string; environment: string },
  { limit = usual, skip = 0 }: CodeLogQuery,
): Promise<CodeLog> {
  const { managed } = await house.sites.find(site, name)
  if (managed === null) {
    throw new Failure(
      'PREFLIGHT_REFUSED',
      `Cannot show the commits of "${site}.${name}": it is attached, its code is not in git here`,
      { hint: 'A managed site has its history here: cairn site:create NAME --from-backup=ID' },
    )
  }
  const path = repositoryPath(house, site)
  if (!existsSync(path)) return { commits: [], more: false }
  const repository = await openSiteRepository(path, { mends: false })
  const from = (name === 'dev' ? await readRef(repository, defaultBranch) : null) ?? managed.commit
  if (from === null) return { commits: [], more: false }
  const found = await log(repository, from, limit + 1, skip)
  const tags = Map.groupBy(await listRefs(repository, ['refs/tags']), ({ commit }) => commit)
  const known = await house.sites.listEnvironments(site)
  const lacking = new Map<string, Set<string>>()
  for (const { name: other, managed: facts } of known.filter(hasCode)) {
    lacking.set(other, await commitsLacking(repository, from, facts?.commit ?? '', skip + limit))
  }
  const commits = found.slice(0, limit).map(({ id, parents, author, committedAt, subject, message }) => {
    const environments = [...lacking].filter(([, missing]) => !missing.has(id)).map(([each]) => each)
    return {
      ...{ hash: id, parents, author: author.name, email: author.email, date: committedAt.toISOString(), subject, message },
      tags: (tags.get(id) ?? []).map((tag) => tag.name.slice('refs/tags/'.length)),
      ...{ environments, deployed: environments.includes(name) },
    }
  })
  return { commits, more: found.length > limit }
}

function hasCode({ managed }: Environment): boolean {
  return managed !== null && managed.release > 0 && managed.commit !== null
}
