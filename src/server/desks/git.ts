import { existsSync } from 'node:fs'
import type { GitDesk } from '../../api/deps.ts'
import { Failure } from '../../base/failure.ts'
import type { Actor } from '../../contract/words.ts'
import { defaultBranch, openSiteRepository } from '../../git/siteRepository.ts'
import type { House } from '../../workflows/house.ts'
import { repositoryPath } from '../../workflows/managed/putRelease.ts'

interface GitDeskOptions {
  /** Pushes may rewrite the history of a branch */
  forcedPush: boolean
  /** Told when `master` was moved */
  follow(site: string, actor: Actor): Promise<unknown>
}

/** The repositories of managed sites, as git's clients see them. */
export function gitDesk({ sites, managed }: Pick<House, 'sites' | 'managed'>, { forcedPush, follow }: GitDeskOptions): GitDesk {
  return {
    async find(site) {
      const environments = await sites.listEnvironments(site).catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'SITE_NOT_FOUND') return []
        throw error
      })
      // one that is still being made has no release yet
      if (!environments.some((each) => each.managed !== null && each.managed.release > 0)) return null
      const path = repositoryPath({ managed }, site)
      if (!existsSync(path)) return null
      // a start mends what was left, and so does a push that failed
      return { repository: await openSiteRepository(path, { mends: false }), allowForce: forcedPush }
    },
    async pushed(site, changes, actor) {
      if (changes.some(({ ref, after }) => ref === defaultBranch && after !== null)) await follow(site, actor)
    },
  }
}
