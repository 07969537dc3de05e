import { type Action, actions, type Role, roles, type Rule, type SiteRole } from './actions.ts'

/** What somebody may, as `GET /v1/whoami` gives it: roles, and what a machine token is limited to. */
export interface Rights {
  /** The role over all sites and the installation itself */
  everywhere: Role | null
  /** Roles on single sites; the higher one of both counts there */
  sites: readonly { site: string; role: SiteRole }[]
  /** Of a limited machine token; null for a person, and for a token that may what its person may */
  scope: Scope | null
}

export interface Scope {
  /** Null for every site */
  sites: readonly string[] | null
  /** Null for every action */
  actions: readonly string[] | null
}

export interface Place {
  site: string | null
  environment: string | null
}

/** `needs` is the role that would do; `why: 'scope'` means that the machine token, not its person, is what is too narrow. */
export type Decision =
  | { allowed: true }
  | { allowed: false; why: 'sign-in' }
  | { allowed: false; why: 'scope' }
  | { allowed: false; why: 'role'; needs: Role; where: string; has: Role | null }

/** All that a limited token may do about its own person. */
const scopedMay: readonly Action[] = ['access.whoami', 'role.list']

/**
 * Whether these rights allow an action on a place; the only place where this is decided. A place without a site takes a role
 * over all.
 *
 * @param rights null for who is not signed in
 */
export function decide(rights: Rights | null, action: Action, place: Place): Decision {
  const rule: Rule = actions[action]
  if (rule.on === 'open') return { allowed: true }
  if (rights === null) return { allowed: false, why: 'sign-in' }
  if (!inScope(rights.scope, action, rule, place)) return { allowed: false, why: 'scope' }
  if (rule.on === 'self') return { allowed: true }
  const needs = rule.on === 'site' && place.environment === 'live' ? (rule.live ?? rule.role) : rule.role
  const has = roleFor(rights, rule.on, place.site)
  return atLeast(has, needs) ? { allowed: true } : { allowed: false, why: 'role', needs, where: wherePhrase(rule.on, place), has }
}

export function may(rights: Rights | null, action: Action, place: Place): boolean {
  return decide(rights, action, place).allowed
}

/** Why a button is disabled, in one sentence without a full stop; null where the action is allowed. */
export function reasonOf(decision: Decision): string | null {
  if (decision.allowed) return null
  if (decision.why === 'sign-in') return 'This needs somebody who is logged in'
  if (decision.why === 'scope') return 'The machine token is limited to other sites or actions'
  const has = decision.has === null ? 'there is none' : `yours is ${decision.has}`
  return `This needs the role ${decision.needs} ${decision.where}, ${has}`
}

/** The sites on which the action is allowed; null for all of them, those to come included. */
export function sitesWhere(rights: Rights, action: Action): string[] | null {
  const { everywhere, sites, scope } = rights
  if (scope?.actions != null && !scope.actions.includes(action)) return []
  const rule: Rule = actions[action]
  if (rule.on === 'open' || rule.on === 'self') return []
  if (atLeast(everywhere, rule.role)) return scope?.sites == null ? null : [...scope.sites]
  const held = sites.filter(({ role }) => atLeast(role, rule.role)).map(({ site }) => site)
  return scope?.sites == null ? held : held.filter((site) => scope.sites?.includes(site))
}

export function atLeast(has: Role | null, needs: Role): boolean {
  return has !== null && roles.indexOf(has) >= roles.indexOf(needs)
}

/** The higher of two roles. */
export function higher(a: Role | null, b: Role | null): Role | null {
  return a !== null && (b === null || atLeast(a, b)) ? a : b
}

function inScope(scope: Scope | null, action: Action, rule: Rule, place: Place): boolean {
  if (scope === null) return true
  if (rule.on === 'self') return scopedMay.includes(action)
  if (scope.actions !== null && !scope.actions.includes(action)) return false
  if (scope.sites === null || rule.on === 'somewhere') return true
  return rule.on === 'site' && place.site !== null && scope.sites.includes(place.site)
}

function roleFor(rights: Rights, on: 'site' | 'installation' | 'somewhere', site: string | null): Role | null {
  const { everywhere, sites, scope } = rights
  if (on === 'installation') return everywhere
  const counted = sites.filter((held) => (on === 'somewhere' ? (scope?.sites?.includes(held.site) ?? true) : held.site === site))
  return counted.reduce<Role | null>((found, { role }) => higher(found, role), everywhere)
}

function wherePhrase(on: 'site' | 'installation' | 'somewhere', { site, environment }: Place): string {
  if (on === 'installation' || (on === 'site' && site === null)) return 'over all'
  if (on === 'somewhere') return 'on a site or over all'
  return environment === null ? `on ${site}` : `on ${site}.${environment}`
}
