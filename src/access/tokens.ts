import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Kysely } from 'kysely'
import { newUlid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import type { Caller } from './authorize.ts'

const form = /^cairn_([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})$/
const usedEveryMs = 60_000

/**
 * Makes a machine token for a person: `cairn_<id>_<secret>`. The secret has 256 bits of chance and is shown this once; only
 * its hash is kept, and a plain hash is enough because there is nothing to guess.
 */
export async function createToken(
  db: Kysely<StateTables>,
  owner: { personId: string; name: string },
): Promise<{ id: string; token: string }> {
  const id = newUlid()
  const secret = randomBytes(32).toString('base64url')
  await db
    .insertInto('machine_token')
    .values({ id, person_id: owner.personId, name: owner.name, secret_hash: hash(secret) })
    .execute()
  return { id, token: `cairn_${id}_${secret}` }
}

/** Who stands behind a token; null for one that is unknown, altered or revoked, without telling which. */
export async function findCaller(db: Kysely<StateTables>, token: string, now: Date = new Date()): Promise<Caller | null> {
  const [, id, secret] = form.exec(token) ?? []
  if (id === undefined || secret === undefined) return null
  const row = await db
    .selectFrom('machine_token')
    .innerJoin('person', 'person.id', 'machine_token.person_id')
    .select(['machine_token.name', 'secret_hash', 'revoked_at', 'last_used_at', 'email'])
    .where('machine_token.id', '=', id)
    .executeTakeFirst()
  if (row === undefined || row.revoked_at !== null || !timingSafeEqual(hash(secret), row.secret_hash)) return null
  if (row.last_used_at === null || now.getTime() - row.last_used_at.getTime() > usedEveryMs) {
    await db.updateTable('machine_token').set({ last_used_at: now }).where('id', '=', id).execute()
  }
  return { actor: { kind: 'token', id, name: row.email }, name: row.name, email: row.email, roles: ['owner'] }
}

/** Takes effect with the next request; says whether there was such a token. */
export async function revokeToken(db: Kysely<StateTables>, id: string, now: Date = new Date()): Promise<boolean> {
  const result = await db
    .updateTable('machine_token')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
