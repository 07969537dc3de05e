import { Failure } from '../../base/failure.ts'
import { type Framework, frameworks } from '../../contract/words.ts'
import { openConfigOutside } from '../backup/configOutside.ts'
import type { House } from '../house.ts'

export interface BackupFacts {
  framework: Framework
  url: string | null
  tablePrefix: string | null
  environmentId: string
  /** Paths of configuration that stood above its code root, and so in no archive */
  configOutside: string[]
}

/** What a backup says of the site that it was taken of. @throws {Failure} MANIFEST_DAMAGED */
export async function factsOf(house: Pick<House, 'repository'>, backupId: string): Promise<BackupFacts> {
  const { facts, environmentId, sealedConfig } = await house.repository.readBackupObject(backupId)
  const framework = frameworks.find((known) => known === facts['framework'])
  if (framework === undefined)
    throw new Failure('MANIFEST_DAMAGED', `Cannot use the backup "${backupId}": it is of no known framework`)
  const text = (name: string): string | null => (typeof facts[name] === 'string' ? facts[name] : null)
  const configOutside = openConfigOutside(house.repository.keys, sealedConfig).map(({ path }) => path)
  return { framework, url: text('url'), tablePrefix: text('tablePrefix'), environmentId, configOutside }
}
