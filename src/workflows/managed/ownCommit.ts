import { existsSync } from 'node:fs'
import { listDeployTags, tagDeploy } from '../../git/deployTags.ts'
import { moveRefs, readRef } from '../../git/refs.ts'
import { signatureOf } from '../../git/signature.ts'
import { openSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { isInterrupted, type Put, repositoryPath } from './putRelease.ts'

/** What holds the commit that a workflow makes for an environment beside `master`, until a tag does. */
export function ownBranch({ id }: Pick<WorkflowContext, 'id'>): string {
  return `refs/cairn/restore/${id}`
}

/**
 * Does what commits code into an environment and shows it; then tags that commit, as a deploy is tagged. Where it fails, the
 * commit is let go and no tag speaks of it. On dev, where `master` holds the commit, nothing is tagged.
 */
export async function thenTag(
  house: Pick<House, 'sites' | 'managed'>,
  context: Pick<WorkflowContext, 'id' | 'actor' | 'run' | 'step'>,
  environment: Pick<Environment, 'id' | 'site' | 'name'>,
  work: () => Promise<Put>,
): Promise<Put> {
  const branch = ownBranch(context)
  const path = repositoryPath(house, environment.site)
  try {
    const put = await work()
    const repository = existsSync(path) ? await openSiteRepository(path) : null
    if (repository === null || (await readRef(repository, branch)) === null) return put
    await context.step('tag', async (run) => tag(house, context, environment, { repository, put, now: run.now() }))
    return put
  } catch (error) {
    if (!isInterrupted(context, error) && existsSync(path))
      await letGo(house, await openSiteRepository(path), environment, branch)
    throw error
  }
}

interface Shown {
  repository: SiteRepository
  put: Put
  now: Date
}

/** Safe to repeat: its own tag is found, for nobody else tags while the environment is taken. */
async function tag(
  house: Pick<House, 'managed'>,
  context: Pick<WorkflowContext, 'id' | 'actor'>,
  { id, name }: Pick<Environment, 'id' | 'name'>,
  { repository, put, now }: Shown,
): Promise<void> {
  const branch = ownBranch(context)
  const commit = await readRef(repository, branch)
  if (commit === null) return
  const { origin } = await house.managed.releases.find(id, put.release)
  const note = origin.backup === null ? origin.what : `restored into ${name} from backup ${origin.backup}`
  const tags = await listDeployTags(repository, name)
  if (tags.at(-1)?.commit !== commit)
    await tagDeploy(repository, { environment: name, commit, note, tagger: signatureOf(context.actor, now) })
  await moveRefs(repository, [{ ref: branch, from: commit, to: null }])
}

/** What the environment shows stays held: what failed came later. */
async function letGo(
  { sites }: Pick<House, 'sites'>,
  repository: SiteRepository,
  { id }: Pick<Environment, 'id'>,
  branch: string,
): Promise<void> {
  const commit = await readRef(repository, branch)
  if (commit === null || (await sites.findById(id)).managed?.commit === commit) return
  await moveRefs(repository, [{ ref: branch, from: commit, to: null }])
}
