import type { Kysely } from 'kysely'
import type { StateTables } from '../state/tables.ts'

/** The sessions of a person get a new secret with their next request: what they may has changed. */
export async function rotateSessions(db: Kysely<StateTables>, personId: string): Promise<void> {
  await db.updateTable('session').set({ rotate: true }).where('person_id', '=', personId).execute()
}
