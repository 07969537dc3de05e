import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { findBackup, requireUsable } from '../../backups/catalogue.ts'
import type { Element } from '../../contract/words.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { loadManifests } from '../restore/manifests.ts'
import { codeFrom, commitInto, provideSiteRepository } from './code.ts'
import { factsOf } from './facts.ts'
import { knownOf, loadingFor, partsOf } from './parts.ts'
import { orMasterBack } from './masterBack.ts'
import { thenTag } from './ownCommit.ts'
import { putRelease, type PutOptions } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'

interface ManagedRestore {
  environmentId: string
  backupId: string
  elements: Element[]
  safetyBackup: boolean
  replaceAddresses?: boolean
}

/**
 * Restores elements of any backup into a managed environment, as a new release: code as a commit, content of elsewhere with its
 * addresses replaced and made safe to run beside its source.
 */
export async function restoreManaged(
  house: House,
  context: WorkflowContext,
  input: ManagedRestore,
): Promise<ManagedResult & { backup: string }> {
  const environment = await house.sites.findById(input.environmentId)
  await context.step('check', () => checkManagedRestore(house, environment, input))
  const safety = input.safetyBackup ? await safetyBackup(house, context, environment) : null
  const options = (commit: string): PutOptions => ({
    environmentId: environment.id,
    make: async (ground, run, say) => {
      const facts = await factsOf(house, input.backupId)
      const content = input.elements.filter((element) => element !== 'code')
      const manifests = await loadManifests(house, input.backupId, content)
      const known = knownOf(ground)
      const site = manifests.database === undefined ? known : { ...known, tablePrefix: facts.tablePrefix }
      const loading = loadingFor(ground, facts, { replaceAddresses: input.replaceAddresses ?? true, site, say, run })
      return {
        ...partsOf(house, ground, manifests, loading),
        framework: facts.framework,
        commit,
        code: codeFrom(await provideSiteRepository(house, environment.site), commit, run),
        site,
        backup: input.backupId,
        what: `restored ${input.elements.join(' and ')}`,
      }
    },
  })
  const put = await orMasterBack(house, context, environment, () =>
    thenTag(house, context, environment, async () => {
      const made = input.elements.includes('code')
        ? await context.step('commit the code', (run) => commitRestored(house, context, environment, input.backupId, run))
        : null
      return putRelease(house, context, options(made?.commit ?? environment.managed?.commit ?? ''))
    }),
  )
  return { ...(await resultOf(house, environment.id, put, safety)), backup: input.backupId }
}

/** @throws {Failure} BACKUP_UNUSABLE, ELEMENT_MISSING, PREFLIGHT_REFUSED */
export async function checkManagedRestore(
  house: House,
  environment: Environment,
  { backupId, elements }: Pick<ManagedRestore, 'backupId' | 'elements'>,
): Promise<void> {
  requireUsable(await findBackup(house.store, backupId))
  await loadManifests(house, backupId, elements)
  const { framework } = await factsOf(house, backupId)
  const named = `Cannot restore into "${environment.site}.${environment.name}"`
  if (framework !== environment.framework)
    throw new Failure('PREFLIGHT_REFUSED', `${named}: the backup is of ${framework}, the environment of ${environment.framework}`)
  if (environment.managed?.release === 0 && !elements.includes('code')) {
    throw new Failure('PREFLIGHT_REFUSED', `${named}: it has no code yet`, {
      hint: 'Restore the code as well, or deploy to it first',
    })
  }
}

async function commitRestored(
  house: House,
  context: WorkflowContext,
  environment: Environment,
  backupId: string,
  run: Run,
): Promise<{ commit: string }> {
  const { code = null } = await loadManifests(house, backupId, ['code'])
  const message = `Restore the code of backup ${backupId}`
  const note = `restored into ${environment.name} from backup ${backupId}`
  return commitInto(house, context, environment, code, { message, note, run })
}
