import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import { parseEnvironmentName, parseSiteName } from '../../sites/names.ts'
import type { House } from '../house.ts'
import { readContent } from './clone.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { knownOf, loadingFor, partsOf } from './parts.ts'
import { isInterrupted, openGround, putRelease } from './putRelease.ts'
import { resultOf } from './result.ts'
import { removeEnvironment, reserveEnvironment } from './reserve.ts'

export interface AddEnvironmentInput {
  site: string
  environment: string
  fromId: string
}

/** Makes a further environment of a site with the code, files and database of another one. When it fails, it is not there. */
export function addEnvironmentWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<AddEnvironmentInput, ManagedResult>({
    kind: 'add_environment',
    version: 1,
    changes: true,
    async run(context, { site, environment, fromId }) {
      const { id } = await context.step('reserve the name', async () => {
        const made = await reserveEnvironment(house, parseSiteName(site), parseEnvironmentName(environment), context.id)
        return { id: made.id }
      })
      try {
        const put = await putRelease(house, context, {
          environmentId: id,
          make: async (ground, run, say) => {
            const from = await house.sites.findById(fromId)
            const manifests = await readContent(house, from, ['files', 'database'], run)
            const loading = loadingFor(ground, { ...from, environmentId: from.id }, { replaceAddresses: true, say, run })
            const commit = from.managed?.commit ?? ''
            return {
              ...partsOf(house, ground, manifests, loading),
              ...{ framework: from.framework, commit, backup: null, what: `a copy of ${from.name}` },
              code: codeFrom(await provideSiteRepository(house, site), commit, run),
              site: knownOf(await openGround(house, fromId)),
            }
          },
        })
        return await resultOf(house, id, put, null)
      } catch (error) {
        if (!isInterrupted(context, error)) await removeEnvironment(house, await house.sites.findById(id))
        throw error
      }
    },
  })
}
