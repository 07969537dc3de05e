import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { Element } from '../../contract/words.ts'
import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { listDeployTags, tagDeploy } from '../../git/deployTags.ts'
import { signatureOf } from '../../git/signature.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { readContent } from './clone.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { knownOf, loadingFor, partsOf } from './parts.ts'
import { type Ground, openGround, putRelease } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'
import { upkeepOf } from './upkeep.ts'

export interface DeployInput {
  environmentId: string
  /** Whose code is deployed */
  fromId: string
  note: string | null
  /** Whose files and database come along; those of `fromId` where there is nothing yet */
  contentFromId: string | null
  updateDatabase?: boolean
  clearCache?: boolean
}

/**
 * Deploys the code that one environment shows to the next one, and then tags it: one that fails leaves no tag. A first deploy
 * brings files and database along.
 */
export function deployWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<DeployInput, ManagedResult>({
    kind: 'deploy',
    version: 1,
    changes: true,
    async run(context, { environmentId, fromId, note, contentFromId, updateDatabase = false, clearCache = false }) {
      const environment = await house.sites.findById(environmentId)
      const safety = await safetyBackup(house, context, environment)
      const repository = await provideSiteRepository(house, environment.site)
      const { commit, from, number } = await context.step('find the code', async () => {
        const from = await house.sites.findById(fromId)
        const deployed = from.managed?.commit ?? null
        if (deployed === null) throw new Failure('PREFLIGHT_REFUSED', `Cannot deploy "${from.name}": it has no code yet`)
        const last = (await listDeployTags(repository, environment.name)).at(-1)?.number ?? 0
        return { commit: deployed, from: from.name, number: last + 1 }
      })
      const contentId = contentFromId ?? (environment.managed?.release === 0 ? fromId : null)
      // an update writes into the database and, as Backdrop's configuration or by a plugin's own, into the files: both are copies
      const elements: Element[] = contentId !== null || updateDatabase ? ['files', 'database'] : []
      const read = async (ground: Ground, run: Run, say: (sentence: string) => void) => {
        const source = await house.sites.findById(contentId ?? environmentId)
        const manifests = await readContent(house, source, elements, run)
        const options = { replaceAddresses: contentId !== null, say, run }
        const loading = loadingFor(ground, { ...source, environmentId: source.id }, options)
        return { source, parts: partsOf(house, ground, manifests, loading) }
      }
      const put = await putRelease(house, context, {
        environmentId,
        // the copy that is updated lacks what is written after it was taken
        holdsVisitors: updateDatabase && contentId === null,
        ...upkeepOf(
          house,
          { update: updateDatabase, clear: clearCache },
          async (ground, run) => (await read(ground, run, () => {})).parts,
        ),
        make: async (ground, run, say) => {
          const { source, parts } = await read(ground, run, say)
          const known = knownOf(ground.current === null ? await openGround(house, fromId) : ground)
          const { filesAt = null } = knownOf(await openGround(house, source.id))
          return {
            ...parts,
            framework: contentId === null ? (await house.sites.findById(fromId)).framework : source.framework,
            commit,
            code: codeFrom(repository, commit, run),
            site: contentId === null ? known : { ...known, tablePrefix: source.tablePrefix, filesAt },
            backup: null,
            what: 'deployed code',
          }
        },
      })
      await context.step('tag', async (run) => {
        const tags = await listDeployTags(repository, environment.name)
        if (tags.some((tag) => tag.number >= number)) return // its own: nobody else tags while the environment is taken
        const tagger = signatureOf(context.actor, run.now())
        const text = note ?? `Deploy ${from} to ${environment.name}`
        await tagDeploy(repository, { environment: environment.name, commit, note: text, tagger })
      })
      return resultOf(house, environmentId, put, safety)
    },
  })
}
