import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import { type Role, type SiteRole, siteRoles } from '../contract/actions.ts'
import { atLeast, type Rights } from '../contract/rights.ts'
import type { StateTables } from '../state/tables.ts'
import { rotateSessions } from './rotate.ts'

/** What a person may, without the limits of a machine token. */
export async function rightsOf(db: Kysely<StateTables>, personId: string, role: Role | null): Promise<Rights> {
  const sites = await db
    .selectFrom('person_role')
    .select(['site', 'role'])
    .where('person_id', '=', personId)
    .orderBy('site')
    .execute()
  return { everywhere: role, sites, scope: null }
}

export interface WantedRole {
  /** Null: over all */
  site: string | null
  /** Null takes the role away */
  role: Role | null
}

/**
 * Gives a person a role, on one site or over all, in place of the one that the person had there. The sessions of the person get
 * a new secret with their next request. Within a transaction that holds the table of people, so that an owner is always left.
 *
 * @throws {Failure} SITE_NOT_FOUND; INPUT_INVALID for an owner of one site; OWNER_NEEDED when nobody would be owner
 */
export async function setRole(db: Kysely<StateTables>, personId: string, { site, role }: WantedRole): Promise<void> {
  if (site === null) await db.updateTable('person').set({ role }).where('id', '=', personId).execute()
  else if (role === null) await db.deleteFrom('person_role').where('person_id', '=', personId).where('site', '=', site).execute()
  else await setSiteRole(db, personId, site, role)
  await requireOwner(db)
  await rotateSessions(db, personId)
}

/** @throws {Failure} OWNER_NEEDED */
export async function requireOwner(db: Kysely<StateTables>): Promise<void> {
  const owner = await db.selectFrom('person').select('id').where('role', '=', 'owner').executeTakeFirst()
  if (owner !== undefined) return
  throw new Failure('OWNER_NEEDED', 'Cannot take this role away: nobody would be owner any more', {
    hint: 'Make somebody else owner first with "cairn role:grant EMAIL owner"',
  })
}

/**
 * Nobody hands out, takes away or acts for a role above their own.
 *
 * @throws {Failure} NOT_ALLOWED
 */
export function requireReach(rights: Rights, roles: readonly (Role | null)[], what: string): void {
  const above = roles.find((role) => role !== null && !atLeast(rights.everywhere, role))
  if (above == null) return
  throw new Failure('NOT_ALLOWED', `Cannot ${what}: the role ${above} is above your own`, {
    hint: `Ask somebody who is ${above}`,
  })
}

async function setSiteRole(db: Kysely<StateTables>, personId: string, site: string, role: Role): Promise<void> {
  const allowed = siteRoles.find((name): name is SiteRole => name === role)
  if (allowed === undefined) {
    throw new Failure('INPUT_INVALID', `Cannot make anybody "${role}" of one site: this role is over all only`, {
      hint: `Roles on a site: ${siteRoles.join(', ')}`,
    })
  }
  const known = await db.selectFrom('site').select('name').where('name', '=', site).executeTakeFirst()
  if (known === undefined) {
    throw new Failure('SITE_NOT_FOUND', `Cannot give a role on the site "${site}": there is no such site`, {
      hint: '"cairn site:list" shows what is there',
    })
  }
  await db
    .insertInto('person_role')
    .values({ person_id: personId, site, role: allowed })
    .onConflict((conflict) => conflict.columns(['person_id', 'site']).doUpdateSet({ role: allowed }))
    .execute()
}
