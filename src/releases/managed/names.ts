import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { json } from '../../state/json.ts'
import type { StateTables } from '../../state/tables.ts'

/**
 * How things of this installation are called on a database server that others may use too: `c_` content, a schema; `r_` the
 * account of a release; `o_` the owner of a schema's stored objects. At most 32 characters, which is what MySQL takes.
 */
export interface Names {
  schema(id: string): string
  account(id: string): string
  /** Of the schema with this name */
  owner(schema: string): string
  prefixes: readonly [string, string, string]
  /** Whether it was made by `schema`, `account` or `owner` here, and not by another installation */
  isOurs(name: string): boolean
}

export function namesOf(tag: string): Names {
  const ours = new RegExp(`^[cro]_${tag}_[0-9a-z]{12}$`)
  return {
    schema: (id) => `c_${tag}_${id}`,
    account: (id) => `r_${tag}_${id}`,
    owner: (schema) => `o${schema.slice(1)}`,
    prefixes: [`c_${tag}_`, `r_${tag}_`, `o_${tag}_`],
    isOurs: (name) => ours.test(name),
  }
}

/** Six letters and digits that no other installation has, made once. */
export async function installationTag(db: Kysely<StateTables>): Promise<string> {
  await db
    .insertInto('setting')
    .values({ key: settingKey, value: json(shortId().slice(0, 6)) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const { value } = await db.selectFrom('setting').select('value').where('key', '=', settingKey).executeTakeFirstOrThrow()
  if (typeof value !== 'string' || !/^[0-9a-z]{6}$/.test(value)) throw new Error(`setting "${settingKey}" is no tag`)
  return value
}

const settingKey = 'installation_tag'
const digits = '0123456789abcdefghijkmnpqrstvwxy'

/** Twelve letters and digits, 60 bits of chance: file systems and database servers fold no case in them. */
export function shortId(): string {
  return Array.from(randomBytes(12), (byte) => digits.charAt(byte & 31)).join('')
}
