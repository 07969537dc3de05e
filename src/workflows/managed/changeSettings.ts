import type { ManagedResult } from '../../contract/managedSchemas.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import { tellEnvironment } from '../../releases/managed/tellEnvironment.ts'
import type { House } from '../house.ts'
import { siteUuid } from './home.ts'
import { requireOwnAddress } from './ownAddress.ts'
import { openGround } from './putRelease.ts'

export interface ChangeSettingsInput {
  environmentId: string
  /** Null for the gateway's */
  url: string | null
}

/**
 * Changes where an environment is visited. Every release that is kept is told, so that an undo does not
 * bring the old address back; the database is left alone. Safe to repeat.
 */
export function changeSettingsWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<ChangeSettingsInput, ManagedResult>({
    kind: 'change_settings',
    version: 1,
    changes: true,
    async run(context, { environmentId, url }) {
      const done = [await context.step('address', () => changeUrl(house, environmentId, url))]
      const { site, name, url: now, managed } = await house.sites.findById(environmentId)
      const result = { site, environment: name, url: now, release: null, commit: managed?.commit ?? null }
      return { ...result, safetyBackup: null, done, maintenanceMs: null }
    },
  })
}

async function changeUrl(house: House, environmentId: string, url: string | null): Promise<string> {
  const { addressOf } = await house.managed.open()
  const before = await house.sites.findById(environmentId)
  const wanted = url ?? addressOf(before.site, before.name)
  await requireOwnAddress(house, before, wanted) // another one may have taken it while this one waited
  await house.sites.setUrl(environmentId, wanted)
  const { place, mysql } = await openGround(house, environmentId)
  const told = { place, mysql, url: wanted, siteUuid: siteUuid(house.managed, place.site), isAgain: true }
  for (const release of await house.managed.releases.list(environmentId)) {
    if (release.state === 'current' || release.state === 'kept') await tellEnvironment(told, release)
  }
  const command = `cairn env:search-replace ${place.site}.${place.name}`
  return `it is visited at ${wanted}; addresses in its database are as they were: ${command} changes them`
}
