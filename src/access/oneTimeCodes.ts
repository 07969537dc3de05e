import { randomInt } from 'node:crypto'
import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import { findPerson, type Person } from './people.ts'
import { hashSecret, newSecret } from './secrets.ts'

export type Purpose = 'setup' | 'invitation' | 'reset' | 'login'

const hour = 3_600_000
const lifeMs: Record<Purpose, number> = { setup: 7 * 24 * hour, invitation: 7 * 24 * hour, reset: 24 * hour, login: hour / 4 }
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export interface OneTimeCode {
  purpose: Purpose
  code: string
  expiresAt: Date
}

export interface FoundCode {
  id: string
  purpose: Purpose
  person: Person
  expiresAt: Date
}

/**
 * Makes a code for a person that is good once and for a while; those of the same purpose before it end. Only its hash is kept. The
 * one for the set-up has 80 bits in letters that can be typed, the others 256.
 */
export async function makeCode(
  db: Kysely<StateTables>,
  purpose: Purpose,
  personId: string,
  now: Date = new Date(),
): Promise<OneTimeCode> {
  const code = purpose === 'setup' ? newTypedCode() : newSecret()
  const expiresAt = new Date(now.getTime() + lifeMs[purpose])
  await db.transaction().execute(async (work) => {
    const old = work.deleteFrom('one_time_code').where('person_id', '=', personId)
    await old.where((where) => where.or([where('purpose', 'in', sameEnd(purpose)), where('expires_at', '<', now)])).execute()
    const values = { id: newUlid(), purpose, person_id: personId, code_hash: hashSecret(plain(code)), created_at: now }
    await work
      .insertInto('one_time_code')
      .values({ ...values, expires_at: expiresAt })
      .execute()
  })
  return { purpose, code, expiresAt }
}

/** What a code is for. @throws {Failure} CODE_REFUSED, without telling why */
export async function findCode(db: Kysely<StateTables>, code: string, now: Date = new Date()): Promise<FoundCode> {
  const row = await db
    .selectFrom('one_time_code')
    .selectAll()
    .where('code_hash', '=', hashSecret(plain(code)))
    .executeTakeFirst()
  if (row === undefined || row.used_at !== null || row.expires_at <= now) throw refused()
  return { id: row.id, purpose: row.purpose, person: await findPerson(db, row.person_id), expiresAt: row.expires_at }
}

/** Takes a code: of two at once one gets it. Undone when the transaction around it is. @throws {Failure} CODE_REFUSED */
export async function takeCode(db: Kysely<StateTables>, id: string, now: Date = new Date()): Promise<void> {
  const result = await db
    .updateTable('one_time_code')
    .set({ used_at: now })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) throw refused()
}

/** The codes that let somebody choose a password end with the one that was used for it. */
export async function dropCodes(db: Kysely<StateTables>, personId: string): Promise<void> {
  await db.deleteFrom('one_time_code').where('person_id', '=', personId).where('used_at', 'is', null).execute()
}

/** An invitation and a new password are the same right: the last one given out counts. */
function sameEnd(purpose: Purpose): Purpose[] {
  return purpose === 'invitation' || purpose === 'reset' ? ['invitation', 'reset'] : [purpose]
}

/** `7F3K-9QWE-…`: four times four letters without those that look alike. */
function newTypedCode(): string {
  const four = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return Array.from({ length: 4 }, four).join('-')
}

/** What was typed may be in small letters and with other spaces. */
function plain(code: string): string {
  const typed = code.replaceAll(/[\s-]/g, '').toUpperCase()
  return /^[0-9A-Z]{16}$/.test(typed) ? typed.replaceAll('O', '0').replaceAll(/[IL]/g, '1') : code.trim()
}

function refused(): Failure {
  return new Failure('CODE_REFUSED', 'Cannot use this code: it was used already, has expired, or is not one', {
    hint: 'Ask an administrator for a new link; on the server "cairn auth:login-link" makes one',
  })
}
