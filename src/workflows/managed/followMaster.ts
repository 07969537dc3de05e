import { existsSync } from 'node:fs'
import type { ManagedResult } from '../../contract/managedSchemas.ts'
import type { Actor } from '../../contract/words.ts'
import { treeOf } from '../../git/commitTree.ts'
import { readRef } from '../../git/refs.ts'
import { defaultBranch, openSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { Queue } from '../../queue/queue.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { codeFrom } from './code.ts'
import { knownOf } from './parts.ts'
import { putRelease, repositoryPath } from './putRelease.ts'
import { resultOf } from './result.ts'
import type { Enqueued } from './start.ts'

export interface FollowInput {
  environmentId: string
  /** Where `master` was when this was asked for; shown is where it is when the turn comes */
  commit: string
}

const kind = 'follow_master'

/**
 * Shows on dev what `master` holds. Of several pushes in a row the last one counts: those in between are passed over. One that
 * does not boot leaves dev as it was, and `master` as it was pushed. Content is not touched, so no backup is taken: the release
 * before is kept for an undo.
 */
export function followMasterWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<FollowInput, ManagedResult>({
    kind,
    version: 1,
    changes: true,
    async run(context, { environmentId }) {
      const environment = await house.sites.findById(environmentId)
      const repository = await openSiteRepository(repositoryPath(house, environment.site))
      const { commit } = await context.step('find the commit', async () => ({ commit: await behind(repository, environment) }))
      if (commit === null) {
        const { site, name, url, managed } = environment
        const same = { site, environment: name, url, commit: managed?.commit ?? null }
        return { ...same, release: null, safetyBackup: null, done: ['dev shows this code already'], maintenanceMs: null }
      }
      const put = await putRelease(house, context, {
        environmentId,
        make: async (ground, run) => ({
          ...{ framework: environment.framework, commit, site: knownOf(ground), backup: null, what: `pushed code ${commit}` },
          ...{ files: 'kept', database: 'kept', expectedBytes: 100e6 },
          code: codeFrom(repository, commit, run),
        }),
      })
      return resultOf(house, environmentId, put, null)
    },
  })
}

/** Puts it into the queue where dev is behind; one that waits already will see the same. */
export async function followMaster(
  house: House,
  queue: Pick<Queue, 'enqueue' | 'list'>,
  site: string,
  actor: Actor,
): Promise<Enqueued | null> {
  const found = await findBehind(house, site)
  if (found === null) return null
  const [waiting] = await queue.list({ site, environment: 'dev', state: 'queued', kind, limit: 1 })
  if (waiting !== undefined) return { workflow: waiting, existing: true }
  const { environment, commit } = found
  const input: FollowInput = { environmentId: environment.id, commit }
  const about = { site, environment: environment.name, environmentIds: [environment.id] }
  return queue.enqueue({ kind, ...about, actor, input, dedupeKey: null, queue: true })
}

/**
 * At a start and every hour: for each site whose `master` was moved by a push that nobody could act upon then. A commit that
 * failed on dev is not tried again.
 *
 * @param tell is given what kept a site from being looked at; the others are
 */
export async function followAll(
  house: House,
  queue: Pick<Queue, 'enqueue' | 'list'>,
  tell: (error: unknown, site: string) => void,
): Promise<void> {
  const actor: Actor = { kind: 'system', id: 'git', name: 'git' }
  for (const { name: site, environments } of await house.sites.listSites()) {
    try {
      const found = environments.includes('dev') ? await findBehind(house, site) : null
      if (found === null) continue
      const tried = await queue.list({ site, environment: 'dev', kind, limit: 20 })
      const isOver = tried.some(({ input, state }) => (input as FollowInput).commit === found.commit && state !== 'succeeded')
      if (!isOver) await followMaster(house, queue, site, actor)
    } catch (error) {
      tell(error, site)
    }
  }
}

async function findBehind(house: House, site: string): Promise<{ environment: Environment; commit: string } | null> {
  const path = repositoryPath(house, site)
  const environment = (await house.sites.listEnvironments(site)).find(({ name }) => name === 'dev')
  if (environment === undefined || !existsSync(path)) return null
  const commit = await behind(await openSiteRepository(path), environment)
  return commit === null ? null : { environment, commit }
}

/** What dev should show and does not: null where both hold the same tree. A site without a release is still being made. */
async function behind(repository: SiteRepository, { managed }: Environment): Promise<string | null> {
  if (managed === null || managed.commit === null || managed.release === 0) return null
  const tip = await readRef(repository, defaultBranch)
  if (tip === null || tip === managed.commit) return null
  return (await treeOf(repository, tip)) === (await treeOf(repository, managed.commit)) ? null : tip
}
