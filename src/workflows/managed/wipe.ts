import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { knownOf } from './parts.ts'
import { putRelease } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'

export interface WipeInput {
  environmentId: string
}

/** Deletes files and database of an environment; the code stays. A safety backup is taken, and an undo brings all back. */
export function wipeWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<WipeInput, ManagedResult>({
    kind: 'wipe',
    version: 1,
    changes: true,
    async run(context, { environmentId }) {
      const environment = await house.sites.findById(environmentId)
      const safety = await safetyBackup(house, context, environment)
      const commit = environment.managed?.commit ?? ''
      const put = await putRelease(house, context, {
        environmentId,
        make: async (ground, run) => ({
          ...{ framework: environment.framework, commit, site: knownOf(ground), backup: null, what: 'wiped' },
          ...{ files: 'empty', database: 'empty', expectedBytes: 100e6 },
          code: codeFrom(await provideSiteRepository(house, environment.site), commit, run),
        }),
      })
      return resultOf(house, environmentId, put, safety)
    },
  })
}
