import { type Kysely, sql } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import type { Caller } from './authorize.ts'
import { rightsOf } from './roles.ts'
import { hashSecret, isSecret, newSecret } from './secrets.ts'

const form = /^cairn_([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})$/
const usedEveryMs = 60_000

export interface NewToken {
  personId: string
  name: string
  /** Null or left out: all that its person may, now and later */
  sites?: string[] | null
  actions?: string[] | null
  expiresAt?: Date | null
  /** That of the server's own user */
  ofServer?: boolean
}

export interface TokenRecord {
  id: string
  name: string
  person_id: string
  email: string
  sites: string[] | null
  actions: string[] | null
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  last_address: string | null
  of_server: boolean
}

/**
 * Makes a machine token for a person: `cairn_<id>_<secret>`. The secret has 256 bits of chance and is shown this once; only
 * its hash is kept. It never may more than its person. Limits to sites are to those that are there now: when one is deleted, a
 * site that is made later under its name is another one.
 *
 * @throws {Failure} SITE_NOT_FOUND; nothing was made
 */
export async function createToken(db: Kysely<StateTables>, wanted: NewToken): Promise<{ id: string; token: string }> {
  const id = newUlid()
  const secret = newSecret()
  const { personId, name, sites = null, actions = null, expiresAt = null, ofServer = false } = wanted
  const values = { id, person_id: personId, name, secret_hash: hashSecret(secret), actions, expires_at: expiresAt }
  await db.transaction().execute(async (work) => {
    const token = { ...values, limited_to_sites: sites !== null, of_server: ofServer }
    await work.insertInto('machine_token').values(token).execute()
    for (const site of new Set(sites)) await limitTo(work, id, site)
  })
  return { id, token: `cairn_${id}_${secret}` }
}

/** Who stands behind a token; null for one that is unknown, altered, expired or revoked, without telling which. */
export async function findCaller(
  db: Kysely<StateTables>,
  token: string,
  { now = new Date(), address = null }: { now?: Date; address?: string | null } = {},
): Promise<Caller | null> {
  const [, id, secret] = form.exec(token) ?? []
  if (id === undefined || secret === undefined) return null
  const row = await db
    .selectFrom('machine_token')
    .innerJoin('person', 'person.id', 'machine_token.person_id')
    .select(['machine_token.name', 'secret_hash', 'revoked_at', 'last_used_at', 'last_address', 'expires_at', 'actions'])
    .select(['person.id as personId', 'email', 'role'])
    .select(sitesOfToken)
    .where('machine_token.id', '=', id)
    .executeTakeFirst()
  if (row === undefined || !isSecret(secret, row.secret_hash)) return null
  if (row.revoked_at !== null || (row.expires_at !== null && row.expires_at <= now)) return null
  if (row.last_used_at === null || row.last_address !== address || now.getTime() - row.last_used_at.getTime() > usedEveryMs) {
    await db.updateTable('machine_token').set({ last_used_at: now, last_address: address }).where('id', '=', id).execute()
  }
  const { sites, actions, personId, email, role, name } = row
  const scope = sites === null && actions === null ? null : { sites, actions }
  const rights = { ...(await rightsOf(db, personId, role)), scope }
  return { actor: { kind: 'token', id, name: email }, name, email, personId, rights, sessionId: null }
}

/** Those that were not revoked, newest first; of one person, or of all. */
export async function listTokens(db: Kysely<StateTables>, personId: string | null): Promise<TokenRecord[]> {
  const query = db
    .selectFrom('machine_token')
    .innerJoin('person', 'person.id', 'machine_token.person_id')
    .select(['machine_token.id', 'machine_token.name', 'person_id', 'email', 'actions', 'machine_token.created_at'])
    .select(['expires_at', 'last_used_at', 'last_address', 'of_server'])
    .select(sitesOfToken)
    .where('revoked_at', 'is', null)
    .orderBy('machine_token.id', 'desc')
  return (personId === null ? query : query.where('person_id', '=', personId)).execute()
}

/** @throws {Failure} TOKEN_NOT_FOUND for one that is not there or was revoked */
export async function findToken(db: Kysely<StateTables>, id: string): Promise<TokenRecord> {
  const found = (await listTokens(db, null)).find((token) => token.id === id)
  if (found === undefined)
    throw new Failure('TOKEN_NOT_FOUND', `Cannot find the machine token "${id}": none has this id`, {
      hint: '"cairn machine-token:list" shows those there are',
    })
  return found
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

/**
 * Revokes all machine tokens of a person but for that of the server's own user, who may do everything anyway.
 *
 * @returns how many
 */
export async function revokeTokens(db: Kysely<StateTables>, personId: string, now: Date = new Date()): Promise<number> {
  const result = await db
    .updateTable('machine_token')
    .set({ revoked_at: now })
    .where('person_id', '=', personId)
    .where('revoked_at', 'is', null)
    .where('of_server', '=', false)
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** How many tokens of a person are good and would be revoked. */
export async function countTokens(db: Kysely<StateTables>, personId: string, now: Date = new Date()): Promise<number> {
  const { count } = await db
    .selectFrom('machine_token')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('person_id', '=', personId)
    .where('revoked_at', 'is', null)
    .where('of_server', '=', false)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .executeTakeFirstOrThrow()
  return count
}

/** Null without limits; none, when all that it was limited to are deleted */
const sitesOfToken = sql<string[] | null>`case when limited_to_sites then array(
  select site from machine_token_site where token_id = machine_token.id order by site) end`.as('sites')

async function limitTo(db: Kysely<StateTables>, id: string, site: string): Promise<void> {
  const known = await db.selectFrom('site').select('name').where('name', '=', site).forKeyShare().executeTakeFirst()
  if (known === undefined) throw noSuchSite(site)
  await db.insertInto('machine_token_site').values({ token_id: id, site }).execute()
}

/** In the same words for a site that one does not see. */
export function noSuchSite(site: string): Failure {
  return new Failure('SITE_NOT_FOUND', `Cannot limit a machine token to the site "${site}": you see no such site`, {
    hint: '"cairn site:list" shows what is there',
  })
}
