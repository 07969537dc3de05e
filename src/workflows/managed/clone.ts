import type { Run } from '../../base/run.ts'
import type { ManagedResult } from '../../contract/managedSchemas.ts'
import type { Element } from '../../contract/words.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { Environment } from '../../sites/environment.ts'
import { readEnvironment } from '../backup/readEnvironment.ts'
import type { House } from '../house.ts'
import type { BackupManifests } from '../restore/manifests.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { knownOf, loadingFor, partsOf } from './parts.ts'
import { putRelease } from './putRelease.ts'
import { resultOf } from './result.ts'
import { safetyBackup } from './safety.ts'

export interface CloneInput {
  environmentId: string
  fromId: string
  elements: Exclude<Element, 'code'>[]
  replaceAddresses: boolean
}

/** Puts files, database or both of one environment into another of the same site; code comes by deploying. */
export function cloneWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<CloneInput, ManagedResult>({
    kind: 'clone',
    version: 1,
    changes: true,
    async run(context, { environmentId, fromId, elements, replaceAddresses }) {
      const environment = await house.sites.findById(environmentId)
      const safety = await safetyBackup(house, context, environment)
      const put = await putRelease(house, context, {
        environmentId,
        make: async (ground, run, say) => {
          const from = await house.sites.findById(fromId)
          const manifests = await readContent(house, from, elements, run)
          const source = { ...from, environmentId: from.id }
          const commit = environment.managed?.commit ?? from.managed?.commit ?? null
          const known = ground.current === null ? {} : knownOf(ground)
          const site = elements.includes('database') ? { ...known, tablePrefix: from.tablePrefix } : known
          return {
            ...partsOf(house, ground, manifests, loadingFor(ground, source, { replaceAddresses, site, say, run })),
            framework: from.framework,
            commit,
            code: codeFrom(await provideSiteRepository(house, environment.site), commit ?? '', run),
            site,
            backup: null,
            what: `cloned ${elements.join(' and ')} from ${from.name}`,
          }
        },
      })
      return resultOf(house, environmentId, put, safety)
    },
  })
}

/** The content of an environment at one moment, in the repository; no backup names it. */
export async function readContent(house: House, from: Environment, elements: Element[], run: Run): Promise<BackupManifests> {
  const manifests: BackupManifests = {}
  if (elements.length === 0) return manifests
  const reading = await readEnvironment(house, from, { elements, paranoid: false }, run)
  for (const element of elements) {
    const stored = reading.elements[element]
    if (stored !== undefined)
      manifests[element] = await house.repository.loadManifest(unpackChunkRef(Buffer.from(stored.manifest, 'hex')))
  }
  return manifests
}
