import { Failure } from '../../base/failure.ts'
import type { Element } from '../../contract/words.ts'
import type { Environment } from '../../sites/environment.ts'
import { preflight } from '../../sites/preflight/preflight.ts'
import { findBackup, requireUsable } from '../../backups/catalogue.ts'
import type { House } from '../house.ts'

interface Asked {
  backupId: string
  elements: readonly Element[]
}

/**
 * Refuses a restore before anything is made: a backup that is damaged or hidden, an element that the environment cannot take.
 *
 * @throws {Failure} BACKUP_NOT_FOUND, BACKUP_UNUSABLE, PREFLIGHT_REFUSED with what the preflight found
 */
export async function checkRestore(
  house: Pick<House, 'store'>,
  environment: Environment,
  { backupId, elements }: Asked,
): Promise<{ mode: string }> {
  requireUsable(await findBackup(house.store, backupId))
  const found = await preflight(environment)
  const modes: Record<Element, string> = { code: found.codeMode, files: found.filesMode, database: found.databaseMode }
  const refused = elements.filter((element) => modes[element] === 'refused')
  if (refused.length === 0) return { mode: found.mode }
  const why = found.checks.filter(({ level }) => level === 'error').map(({ message }) => message)
  throw new Failure(
    'PREFLIGHT_REFUSED',
    `Cannot restore ${refused.join(' and ')} into "${environment.site}.${environment.name}": ${why.join('; ')}`,
    {
      hint: `"cairn env:info ${environment.site}.${environment.name}" shows every check; nothing was changed`,
      retry: 'after-repair',
    },
  )
}
