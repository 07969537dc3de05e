import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { newUlid } from '../base/ids.ts'
import { readKeyFile, writeKeyFile } from '../repository/keyFile.ts'
import { newRepositoryKey, type RepositoryKey } from '../repository/keys.ts'
import { createRepository, type DiskRepository, openRepository } from '../repository/repository.ts'
import type { StateTables } from '../state/tables.ts'

/**
 * Opens the repository of a data directory; makes it, and its key, at the first start. The key is durable before anything is
 * sealed with it. A key without a repository is used for the new one: a start that was cut is finished.
 *
 * @throws {Failure} REPOSITORY_KEY when there is a repository and its key is missing; REPOSITORY_MISSING
 */
export async function provideRepository(
  data: string,
  db: Kysely<StateTables>,
  instance: string,
): Promise<{ repository: DiskRepository; key: RepositoryKey; isNew: boolean }> {
  const directory = join(data, 'repository')
  const keyPath = join(data, 'repository.key')
  const isNew = !existsSync(join(directory, 'repo.json'))
  if (isNew && !existsSync(keyPath)) writeKeyFile(keyPath, newRepositoryKey(newUlid()))
  const key = readKeyFile(keyPath)
  const options = { directory, db, key, instance }
  return { repository: await (isNew ? createRepository(options) : openRepository(options)), key, isNew }
}

/** Seals what the state database holds of other people's secrets: a copy of the state database alone opens none of them. */
export function sealingKey({ master, repositoryId }: RepositoryKey): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, repositoryId, 'cairn/1/state-secrets', 32)))
}
