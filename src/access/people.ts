import { type Kysely, sql } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { Role } from '../contract/actions.ts'
import type { StateTables } from '../state/tables.ts'
import { requireOwner, setRole, type WantedRole } from './roles.ts'

export interface Person {
  id: string
  email: string
  name: string
  role: Role | null
  time_zone: string | null
  password: string | null
  password_at: Date | null
  last_seen_at: Date | null
  created_at: Date
}

const shape = /^[^\s@]+@[^\s@]+$/

/** As it is stored and compared. @throws {Failure} INPUT_INVALID */
export function readEmail(text: string): string {
  const email = text.trim().normalize('NFKC').toLowerCase()
  if (shape.test(email)) return email
  throw new Failure('INPUT_INVALID', `Cannot use "${text}": this is not an e-mail address`)
}

/** The first of those who are owner: the account that the local machine token belongs to. */
export async function findOwner(db: Kysely<StateTables>): Promise<Person | null> {
  const query = db.selectFrom('person').selectAll().where('role', '=', 'owner').orderBy('created_at').orderBy('id')
  return (await query.executeTakeFirst()) ?? null
}

/**
 * The owner, made at the first call. Until somebody set a password a later call with another address changes it: the owner is who
 * configures the server. Safe to call from two processes at once.
 */
export async function ensureOwner(db: Kysely<StateTables>, wanted: { email: string; name: string }): Promise<Person> {
  if (!shape.test(wanted.email)) {
    throw new Failure('INPUT_INVALID', `Cannot make the owner "${wanted.email}": this is not an e-mail address`)
  }
  const email = readEmail(wanted.email)
  return changePeople(db, async (transaction) => {
    const owner = await findOwner(transaction)
    if (owner !== null && owner.password !== null) return owner
    if (owner !== null) {
      return transaction
        .updateTable('person')
        .set({ email, name: wanted.name })
        .where('id', '=', owner.id)
        .returningAll()
        .executeTakeFirstOrThrow()
    }
    return insertPerson(transaction, { email, name: wanted.name, role: 'owner' })
  })
}

/** @throws {Failure} PERSON_NOT_FOUND */
export async function findPerson(db: Kysely<StateTables>, idOrEmail: string): Promise<Person> {
  const email = idOrEmail.trim().normalize('NFKC').toLowerCase()
  const row = await db
    .selectFrom('person')
    .selectAll()
    .where((where) => where.or([where('id', '=', idOrEmail), where('email', '=', email)]))
    .executeTakeFirst()
  if (row !== undefined) return row
  throw new Failure('PERSON_NOT_FOUND', `Cannot find the person "${idOrEmail}": none has this id or e-mail address`, {
    hint: '"cairn person:list" shows who is there',
  })
}

/** @throws {Failure} PERSON_TAKEN, and what {@link setRole} throws; nothing was made */
export async function createPerson(
  db: Kysely<StateTables>,
  wanted: { email: string; name: string; roles: readonly WantedRole[] },
): Promise<Person> {
  const email = readEmail(wanted.email)
  return changePeople(db, async (transaction) => {
    await requireFree(transaction, email, null)
    const { id } = await insertPerson(transaction, { email, name: wanted.name, role: null })
    for (const role of wanted.roles) await setRole(transaction, id, role)
    return findPerson(transaction, id)
  })
}

/** @throws {Failure} PERSON_TAKEN */
export async function changePerson(
  db: Kysely<StateTables>,
  id: string,
  change: { email?: string; name?: string; time_zone?: string | null },
): Promise<Person> {
  const email = change.email === undefined ? {} : { email: readEmail(change.email) }
  return changePeople(db, async (transaction) => {
    if (email.email !== undefined) await requireFree(transaction, email.email, id)
    const set = { ...change, ...email }
    return transaction.updateTable('person').set(set).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  })
}

/** Deletes the account with its roles, sessions, machine tokens and codes. @throws {Failure} OWNER_NEEDED */
export async function deletePerson(db: Kysely<StateTables>, id: string): Promise<void> {
  await changePeople(db, async (transaction) => {
    await transaction.deleteFrom('person').where('id', '=', id).execute()
    await requireOwner(transaction)
  })
}

/** One role more or less. @throws {Failure} as {@link setRole} */
export async function changeRole(db: Kysely<StateTables>, id: string, wanted: WantedRole): Promise<Person> {
  return changePeople(db, async (transaction) => {
    await setRole(transaction, id, wanted)
    return findPerson(transaction, id)
  })
}

/** Who changes accounts does so alone: addresses are free or taken, and an owner is left, also when two ask at once. */
export async function changePeople<T>(db: Kysely<StateTables>, change: (work: Kysely<StateTables>) => Promise<T>): Promise<T> {
  const alone = async (work: Kysely<StateTables>): Promise<T> => {
    await sql`lock table person in share row exclusive mode`.execute(work)
    return change(work)
  }
  return db.isTransaction ? alone(db) : db.transaction().execute(alone)
}

async function insertPerson(
  db: Kysely<StateTables>,
  wanted: { email: string; name: string; role: Role | null },
): Promise<Person> {
  return db
    .insertInto('person')
    .values({ id: newUlid(), ...wanted })
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function requireFree(db: Kysely<StateTables>, email: string, except: string | null): Promise<void> {
  const taken = await db.selectFrom('person').select('id').where('email', '=', email).executeTakeFirst()
  if (taken === undefined || taken.id === except) return
  throw new Failure('PERSON_TAKEN', `Cannot use the address "${email}": a person has it already`, {
    hint: `"cairn person:link ${email}" makes a link that lets this person choose a password`,
  })
}
