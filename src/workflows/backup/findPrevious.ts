import { sql } from 'kysely'
import { Failure } from '../../base/failure.ts'
import type { Element } from '../../contract/words.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import type { Previous } from '../capture/previous.ts'
import type { House } from '../house.ts'

/**
 * The manifest of the environment's newest backup that holds this element: what has not changed since is taken from it. Null
 * for the first one, and where it cannot be read: then everything is read, which mends it.
 */
export async function findPrevious(
  house: Pick<House, 'state' | 'repository'>,
  environmentId: string,
  element: Element,
): Promise<Previous | null> {
  const rows = await house.state.db
    .selectFrom('backup')
    .select('elements')
    .where('environment_id', '=', environmentId)
    .where('state', '!=', 'damaged')
    .orderBy('seq', 'desc')
    .limit(20)
    .execute()
  const stored = rows.map((row) => row.elements[element]).find((found) => found !== undefined)
  if (stored === undefined) return null
  const ref = unpackChunkRef(Buffer.from(stored.manifest, 'hex'))
  try {
    return { ref, manifest: await house.repository.loadManifest(ref) }
  } catch (error) {
    if (error instanceof Failure) return null
    throw error
  }
}

/** The id of the newest backup whose files are more than an empty directory; null where none is. */
export async function lastWithFiles(house: Pick<House, 'state'>, environmentId: string): Promise<string | null> {
  const row = await house.state.db
    .selectFrom('backup')
    .select('id')
    .where('environment_id', '=', environmentId)
    .where('deleted_at', 'is', null)
    .where('state', '!=', 'damaged')
    .where(sql<boolean>`(elements->'files'->>'entryCount')::bigint > 1`)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}
