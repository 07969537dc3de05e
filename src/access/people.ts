import { type Kysely, sql } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'

/** There is one person for now, the owner of the installation. */
export interface Person {
  id: string
  email: string
  name: string
}

export async function findOwner(db: Kysely<StateTables>): Promise<Person | null> {
  const row = await db.selectFrom('person').select(['id', 'email', 'name']).orderBy('created_at').orderBy('id').executeTakeFirst()
  return row ?? null
}

/**
 * The owner, made at the first call. A later call with another address changes the address: the owner is who configures the
 * server. Safe to call from two processes at once.
 */
export async function ensureOwner(db: Kysely<StateTables>, wanted: { email: string; name: string }): Promise<Person> {
  if (!/^[^\s@]+@[^\s@]+$/.test(wanted.email)) {
    throw new Failure('INPUT_INVALID', `Cannot make the owner "${wanted.email}": this is not an e-mail address`)
  }
  return db.transaction().execute(async (transaction) => {
    await sql`lock table person in share row exclusive mode`.execute(transaction)
    const owner = await findOwner(transaction)
    if (owner !== null) {
      await transaction.updateTable('person').set({ email: wanted.email, name: wanted.name }).where('id', '=', owner.id).execute()
      return { ...owner, ...wanted }
    }
    const person = { id: newUlid(), ...wanted }
    await transaction.insertInto('person').values(person).execute()
    return person
  })
}
