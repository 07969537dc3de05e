import type { Kysely } from 'kysely'
import { newUlid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import type { Caller } from './authorize.ts'
import { rightsOf } from './roles.ts'
import { hashSecret, isSecret, newSecret } from './secrets.ts'

const form = /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.([A-Za-z0-9_-]{43})$/
const usedEveryMs = 60_000
/** Requests that a page sent just before it got the new secret */
const previousGoodMs = 60_000

export interface SessionLimits {
  /** Unused for so long, a session ends */
  idleMs: number
  /** However much it is used, it ends then */
  lifeMs: number
}

export interface SessionRecord {
  id: string
  created_at: Date
  last_used_at: Date
  expires_at: Date
  address: string | null
  client: string | null
}

export interface From {
  address: string | null
  /** What the browser calls itself */
  client: string | null
}

/**
 * Begins a session. The secret has 256 bits of chance, goes into the cookie alone, and is kept as a hash.
 *
 * @returns what the cookie holds
 */
export async function beginSession(
  db: Kysely<StateTables>,
  personId: string,
  from: From,
  { lifeMs }: SessionLimits,
  now: Date = new Date(),
): Promise<{ id: string; cookie: string; expiresAt: Date }> {
  const id = newUlid()
  const secret = newSecret()
  const expiresAt = new Date(now.getTime() + lifeMs)
  const { address, client } = from
  const times = { created_at: now, last_used_at: now, expires_at: expiresAt }
  const values = { id, person_id: personId, secret_hash: hashSecret(secret), address, client: client?.slice(0, 300) ?? null }
  await db
    .insertInto('session')
    .values({ ...values, ...times })
    .execute()
  await db.updateTable('person').set({ last_seen_at: now }).where('id', '=', personId).execute()
  return { id, cookie: `${id}.${secret}`, expiresAt }
}

export interface FoundSession {
  caller: Caller
  /** The new content of the cookie, when rights have changed since the last request */
  renewed: { cookie: string; expiresAt: Date } | null
}

/** Whose browser a cookie belongs to; null for one that is unknown, altered, ended or expired, without telling which. */
export async function findSession(
  db: Kysely<StateTables>,
  cookie: string,
  { idleMs }: SessionLimits,
  address: string | null,
  now: Date = new Date(),
): Promise<FoundSession | null> {
  const [, id, secret] = form.exec(cookie) ?? []
  if (id === undefined || secret === undefined) return null
  const row = await db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person_id')
    .select(['secret_hash', 'previous_hash', 'previous_until', 'rotate', 'last_used_at', 'expires_at'])
    .select(['person.id as personId', 'email', 'name', 'role'])
    .where('session.id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  const isCurrent = isSecret(secret, row.secret_hash)
  const isPrevious = row.previous_hash !== null && row.previous_until !== null && isSecret(secret, row.previous_hash)
  if (!isCurrent && !(isPrevious && row.previous_until !== null && row.previous_until > now)) return null
  if (row.expires_at <= now || row.last_used_at.getTime() + idleMs <= now.getTime()) {
    await db.deleteFrom('session').where('id', '=', id).execute()
    return null
  }
  if (now.getTime() - row.last_used_at.getTime() > usedEveryMs) {
    await db.updateTable('session').set({ last_used_at: now, address }).where('id', '=', id).execute()
    await db.updateTable('person').set({ last_seen_at: now }).where('id', '=', row.personId).execute()
  }
  const { personId, email, name, role } = row
  const renewed = row.rotate && isCurrent ? await renew(db, id, row.secret_hash, now) : null
  return {
    caller: {
      actor: { kind: 'person', id: email, name },
      ...{ name, email, personId, sessionId: id },
      rights: await rightsOf(db, personId, role),
    },
    renewed: renewed === null ? null : { cookie: `${id}.${renewed}`, expiresAt: row.expires_at },
  }
}

/** Those that are good, the last used first. */
export async function listSessions(
  db: Kysely<StateTables>,
  personId: string,
  { idleMs }: SessionLimits,
  now: Date = new Date(),
): Promise<SessionRecord[]> {
  return db
    .selectFrom('session')
    .select(['id', 'created_at', 'last_used_at', 'expires_at', 'address', 'client'])
    .where('person_id', '=', personId)
    .where('expires_at', '>', now)
    .where('last_used_at', '>', new Date(now.getTime() - idleMs))
    .orderBy('last_used_at', 'desc')
    .execute()
}

/** Ends one session of a person; takes effect with the next request. Says whether there was one. */
export async function endSession(db: Kysely<StateTables>, personId: string, id: string): Promise<boolean> {
  const result = await db.deleteFrom('session').where('id', '=', id).where('person_id', '=', personId).executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Ends all sessions of a person, but for one. @returns how many */
export async function endSessions(db: Kysely<StateTables>, personId: string, except: string | null = null): Promise<number> {
  const query = db.deleteFrom('session').where('person_id', '=', personId)
  const result = await (except === null ? query : query.where('id', '<>', except)).executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Forgets sessions that have ended by themselves. @returns how many */
export async function dropEndedSessions(
  db: Kysely<StateTables>,
  { idleMs }: SessionLimits,
  now: Date = new Date(),
): Promise<number> {
  const result = await db
    .deleteFrom('session')
    .where((where) => where.or([where('expires_at', '<=', now), where('last_used_at', '<=', new Date(now.getTime() - idleMs))]))
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Of two requests at once one wins and gets the new secret; the other one goes on with the old one, which stays good a while. */
async function renew(db: Kysely<StateTables>, id: string, old: Buffer, now: Date): Promise<string | null> {
  const secret = newSecret()
  const previous = { previous_hash: old, previous_until: new Date(now.getTime() + previousGoodMs) }
  const result = await db
    .updateTable('session')
    .set({ secret_hash: hashSecret(secret), ...previous, rotate: false })
    .where('id', '=', id)
    .where('secret_hash', '=', old)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n ? secret : null
}
