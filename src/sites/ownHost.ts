import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import type { StateTables } from '../state/tables.ts'
import { hostOfAddress } from './address.ts'
import type { Environment } from './environment.ts'

type Named = Pick<Environment, 'site' | 'name' | 'url'>

/** At which host Cairn shows an environment. Those that are attached are shown by others, and may have any address. */
export function hostOf({ managed, url }: Pick<Environment, 'managed' | 'url'>): string | null {
  return managed === null || url === null ? null : hostOfAddress(url)
}

/** Words the refusal of the state database, where two came at the same moment. */
export async function orAddressTaken<T>(db: Kysely<StateTables>, { site, name, url }: Named, write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint !== 'environment_host') throw error
    const held = db
      .selectFrom('environment')
      .select(['site', 'name'])
      .where('host', '=', hostOfAddress(url ?? ''))
    const other = await held.executeTakeFirst()
    throw addressTaken({ site, name, url }, other ?? null, error)
  }
}

/** @param other who has it; null where that one has just gone */
export function addressTaken({ site, name, url }: Named, other: { site: string; name: string } | null, cause?: unknown): Failure {
  const who = other === null ? 'another environment' : `"${other.site}.${other.name}"`
  return new Failure('INPUT_INVALID', `Cannot visit "${site}.${name}" at "${url}": ${who} is visited there`, {
    hint: 'Choose another name, or give that one another address first',
    ...(cause === undefined ? {} : { cause }),
  })
}
