import type { ManagedResult } from '../../contract/managedSchemas.ts'
import type { House } from '../house.ts'
import type { Put } from './putRelease.ts'

/** What a journey answers when its release is current. */
export async function resultOf(
  house: House,
  environmentId: string,
  put: Put,
  safetyBackup: string | null,
): Promise<ManagedResult> {
  const { site, name, url, managed } = await house.sites.findById(environmentId)
  return { site, environment: name, url, ...put, commit: managed?.commit ?? null, safetyBackup }
}
