import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Kysely } from 'kysely'
import { json } from '../state/json.ts'
import type { StateTables } from '../state/tables.ts'
import type { Person } from './people.ts'

const setting = 'access.device_key'

/**
 * The mark of a browser that a person was logged in with: `<name>.<mac>`. It opens nothing; it only keeps the failed attempts of
 * others from slowing this browser down. Good until the password changes.
 */
export async function newDevice(db: Kysely<StateTables>, person: Person): Promise<string> {
  const name = randomBytes(12).toString('base64url')
  return `${name}.${mac(await deviceKey(db), name, person)}`
}

/** The name of the device; null for a mark that is not one of this person. */
export async function readDevice(
  db: Kysely<StateTables>,
  mark: string,
  person: Pick<Person, 'id' | 'password_at'>,
): Promise<string | null> {
  const [, name, given] = /^([\w-]{16})\.([\w-]{43})$/.exec(mark) ?? []
  if (name === undefined || given === undefined) return null
  const wanted = Buffer.from(mac(await deviceKey(db), name, person))
  return timingSafeEqual(Buffer.from(given), wanted) ? name : null
}

function mac(key: string, name: string, { id, password_at }: Pick<Person, 'id' | 'password_at'>): string {
  return createHmac('sha256', key)
    .update(`${name} ${id} ${password_at?.toISOString() ?? ''}`)
    .digest('base64url')
}

async function deviceKey(db: Kysely<StateTables>): Promise<string> {
  const value = json(randomBytes(32).toString('base64url'))
  await db
    .insertInto('setting')
    .values({ key: setting, value })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const row = await db.selectFrom('setting').select('value').where('key', '=', setting).executeTakeFirstOrThrow()
  return String(row.value)
}
