import type { ReplaceResult } from '../../contract/managedSchemas.ts'
import type { AddressPair } from '../../elements/database/addresses/addressPair.ts'
import { replaceInDatabase } from '../../elements/database/addresses/replaceInDatabase.ts'
import type { ReplaceReport } from '../../elements/database/addresses/report.ts'
import type { Run } from '../../base/run.ts'
import { defineWorkflow, type WorkflowDefinition } from '../../queue/define.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { readContent } from './clone.ts'
import { codeFrom, provideSiteRepository } from './code.ts'
import { databaseFrom, dumpFrom } from './content.ts'
import { tablesOf, withDatabase } from './moveAddresses.ts'
import { knownOf } from './parts.ts'
import { putRelease } from './putRelease.ts'
import { safetyBackup } from './safety.ts'

export interface SearchReplaceInput {
  environmentId: string
  pairs: AddressPair[]
  dryRun: boolean
}

/** Replaces addresses in the database of a managed environment, as a new release; a dry run reads the current one. */
export function searchReplaceWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<SearchReplaceInput, ReplaceResult>({
    kind: 'search_replace',
    version: 1,
    changes: true,
    async run(context, { environmentId, pairs, dryRun }) {
      const environment = await house.sites.findById(environmentId)
      const report = await context.step('look', (run) => replaceIn(environment, environment.database, pairs, true, run))
      if (dryRun || report.replacements === 0) return viewReport({ ...report, dryRun }, null)
      await safetyBackup(house, context, environment)
      const commit = environment.managed?.commit ?? ''
      const put = await putRelease(house, context, {
        environmentId,
        make: async (ground, run, say) => {
          const { database: manifest } = await readContent(house, environment, ['database'], run)
          if (manifest === undefined) throw new Error('the database was not read')
          const { framework, tablePrefix } = environment
          const load = databaseFrom(dumpFrom(house, manifest, run), {
            ...{ framework, tablePrefix, address: null, calm: false, say, run },
          })
          return {
            ...{ framework, commit, site: knownOf(ground), files: 'kept', expectedBytes: manifest.rawBytes },
            ...{ backup: null, what: 'replaced addresses' },
            code: codeFrom(await provideSiteRepository(house, environment.site), commit, run),
            async database(target) {
              await load(target)
              await replaceIn(environment, target.credentials, pairs, false, run)
            },
          }
        },
      })
      return viewReport({ ...report, dryRun }, put.release)
    },
  })
}

async function replaceIn(
  { framework, tablePrefix }: Environment,
  credentials: DatabaseCredentials,
  pairs: AddressPair[],
  dryRun: boolean,
  run: Run,
): Promise<ReplaceReport> {
  const tables = await withDatabase(credentials, tablesOf)
  const kind = framework.startsWith('wordpress') ? 'wordpress' : framework === 'backdrop' ? 'backdrop' : 'drupal'
  return replaceInDatabase({ credentials, tables, pairs, framework: kind, tablePrefix, dryRun, run })
}

function viewReport({ dryRun, cells, replacements, tables }: ReplaceReport, release: number | null): ReplaceResult {
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
  const changed = tables.filter(({ columns }) => columns.length > 0)
  return {
    ...{ dryRun, cells, replacements, release },
    tables: changed.map(({ table, columns }) => ({
      table,
      cells: sum(columns.map((column) => column.cells)),
      replacements: sum(columns.map((column) => column.replacements)),
    })),
    samples: changed.flatMap(({ table, columns }) =>
      columns.flatMap(({ column, samples }) => samples.map(({ before, after }) => ({ table, column, before, after }))),
    ),
  }
}
