import type { Kysely } from 'kysely'
import type { PersonView, RoleTable, SessionView, TokenView, Whoami } from '../contract/accessSchemas.ts'
import { actionNames, actions, roleMeanings, roles, type Rule } from '../contract/actions.ts'
import type { StateTables } from '../state/tables.ts'
import type { Caller } from './authorize.ts'
import { findPerson, type Person } from './people.ts'
import type { SessionLimits, SessionRecord } from './sessions.ts'
import type { TokenRecord } from './tokens.ts'

/** Whoever asks, as whoever asks sees it. */
export async function viewCaller(db: Kysely<StateTables>, caller: Caller, limits: SessionLimits): Promise<Whoami> {
  const person = await findPerson(db, caller.personId)
  const { everywhere, sites, scope } = caller.rights
  return {
    kind: caller.sessionId === null ? 'token' : 'person',
    id: caller.sessionId === null ? caller.actor.id : person.id,
    name: caller.name,
    email: person.email,
    personId: person.id,
    personName: person.name,
    timeZone: person.time_zone,
    hasPassword: person.password !== null,
    rights: {
      everywhere,
      sites: [...sites],
      scope: scope === null ? null : { sites: copied(scope.sites), actions: copied(scope.actions) },
    },
    session: await viewOwnSession(db, caller, limits),
  }
}

/** Everybody, by name; roles, tokens and open links in three queries, however many people there are. */
export async function viewPeople(db: Kysely<StateTables>, now: Date = new Date()): Promise<PersonView[]> {
  const people = await db.selectFrom('person').selectAll().orderBy('name').orderBy('email').execute()
  const held = await db.selectFrom('person_role').selectAll().orderBy('site').execute()
  const tokens = await db
    .selectFrom('machine_token')
    .select(['person_id', ({ fn }) => fn.countAll<number>().as('tokens')])
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .groupBy('person_id')
    .execute()
  const links = await db
    .selectFrom('one_time_code')
    .select(['person_id', 'expires_at'])
    .where('purpose', 'in', ['invitation', 'reset'])
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .execute()
  const sitesOf = Map.groupBy(held, ({ person_id }) => person_id)
  const tokensOf = new Map(tokens.map((row) => [row.person_id, row.tokens]))
  const linkOf = new Map(links.map((row) => [row.person_id, row.expires_at]))
  return people.map((person) => ({
    ...plain(person),
    sites: (sitesOf.get(person.id) ?? []).map(({ site, role }) => ({ site, role })),
    tokens: tokensOf.get(person.id) ?? 0,
    linkUntil: linkOf.get(person.id)?.toISOString() ?? null,
  }))
}

/** @throws {Failure} PERSON_NOT_FOUND */
export async function viewPerson(db: Kysely<StateTables>, idOrEmail: string): Promise<PersonView> {
  const { id } = await findPerson(db, idOrEmail)
  const found = (await viewPeople(db)).find((person) => person.id === id)
  return found ?? viewPerson(db, idOrEmail) // deleted in between: the look-up words it
}

export function viewSession(session: SessionRecord, current: string | null, { idleMs }: SessionLimits): SessionView {
  const { id, created_at, last_used_at, expires_at, address, client } = session
  const expires = Math.min(expires_at.getTime(), last_used_at.getTime() + idleMs)
  return {
    ...{ id, current: id === current, address, client },
    createdAt: created_at.toISOString(),
    lastUsedAt: last_used_at.toISOString(),
    expiresAt: new Date(expires).toISOString(),
  }
}

export function viewToken(token: TokenRecord): TokenView {
  const { id, name, email, sites, actions, created_at, expires_at, last_used_at, last_address } = token
  return {
    ...{ id, name, email, sites, actions, lastAddress: last_address, isOfServer: token.of_server },
    createdAt: created_at.toISOString(),
    expiresAt: expires_at?.toISOString() ?? null,
    lastUsedAt: last_used_at?.toISOString() ?? null,
  }
}

export function viewRoles(): RoleTable {
  return {
    roles: roles.map((role) => ({ role, means: roleMeanings[role] })),
    actions: actionNames.map((action) => {
      const rule: Rule = actions[action]
      const role = 'role' in rule ? rule.role : null
      return {
        action,
        means: rule.means,
        changes: rule.changes,
        on: rule.on,
        role,
        live: ('live' in rule ? rule.live : role) ?? role,
      }
    }),
  }
}

function plain(person: Person) {
  const { id, email, name, role, time_zone, password, created_at, last_seen_at } = person
  return {
    ...{ id, email, name, everywhere: role, timeZone: time_zone, hasPassword: password !== null },
    createdAt: created_at.toISOString(),
    lastSeenAt: last_seen_at?.toISOString() ?? null,
  }
}

async function viewOwnSession(
  db: Kysely<StateTables>,
  { sessionId }: Caller,
  { idleMs }: SessionLimits,
): Promise<Whoami['session']> {
  if (sessionId === null) return null
  const row = await db.selectFrom('session').select('expires_at').where('id', '=', sessionId).executeTakeFirst()
  if (row === undefined) return null
  return { id: sessionId, expiresAt: row.expires_at.toISOString(), idleSeconds: Math.floor(idleMs / 1000) }
}

function copied(names: readonly string[] | null): string[] | null {
  return names === null ? null : [...names]
}
