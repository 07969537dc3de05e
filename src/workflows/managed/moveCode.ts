import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { resetTo, revertTo } from '../../git/moveBranch.ts'
import { signatureOf } from '../../git/signature.ts'
import type { Run } from '../../base/run.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import { readRef } from '../../git/refs.ts'
import { defaultBranch } from '../../git/siteRepository.ts'
import type { House } from '../house.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { knownOf } from './parts.ts'
import { orMasterBack } from './masterBack.ts'
import { putRelease, type PutOptions } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'

export interface MoveCodeInput {
  environmentId: string
  /** Its full id */
  commit: string
}

/** Dev's code as it was at a commit, as a new commit: history is kept. */
export function revertCodeWorkflow(house: House): WorkflowDefinition {
  return moving(house, 'revert_code')
}

/** Sets `master` back to a commit; what came after it is kept under an undo ref of the workflow's id. */
export function resetCodeWorkflow(house: House): WorkflowDefinition {
  return moving(house, 'reset_code')
}

function moving(house: House, kind: 'revert_code' | 'reset_code'): WorkflowDefinition {
  return defineWorkflow<MoveCodeInput, ManagedResult>({
    kind,
    version: 1,
    changes: true,
    async run(context, input) {
      const environment = await house.sites.findById(input.environmentId)
      const safety = await safetyBackup(house, context, environment)
      const repository = await provideSiteRepository(house, environment.site)
      const move = async (run: Run): Promise<{ commit: string }> => {
        if (kind === 'revert_code') {
          const author = signatureOf(context.actor, run.now())
          const message = `Revert to ${input.commit}`
          const { commit } = await revertTo(repository, input.commit, { message, author, undoId: context.id })
          return { commit }
        }
        // a repeated attempt finds the branch moved
        if ((await readRef(repository, defaultBranch)) !== input.commit)
          await resetTo(repository, input.commit, { undoId: context.id })
        return { commit: input.commit }
      }
      const options = (commit: string): PutOptions => ({
        environmentId: environment.id,
        make: async (ground, run) => ({
          ...{ framework: environment.framework, commit, site: knownOf(ground), backup: null, what: `code of ${commit}` },
          ...{ files: 'kept', database: 'kept', expectedBytes: 100e6 },
          code: codeFrom(repository, commit, run),
        }),
      })
      const put = await orMasterBack(
        house,
        context,
        environment,
        async () => putRelease(house, context, options((await context.step('move the branch', move)).commit)),
        { resetTo: kind === 'reset_code' ? input.commit : null },
      )
      return resultOf(house, environment.id, put, safety)
    },
  })
}
