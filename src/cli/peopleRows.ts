import { Failure } from '../base/failure.ts'
import { nearest } from '../base/nearest.ts'
import type { PersonView } from '../contract/accessSchemas.ts'
import { type Role, roles, type SiteRole, siteRoles } from '../contract/actions.ts'
import { safeText } from './output/human.ts'
import type { Column, Row } from './output/data.ts'

export const personColumns: Column[] = [
  { name: 'email', title: 'E-mail' },
  { name: 'name', title: 'Name' },
  { name: 'role', title: 'Role over all' },
  { name: 'sites', title: 'Roles on sites', show: siteLines },
  { name: 'lastSeenAt', title: 'Last seen', look: 'time' },
  { name: 'linkUntil', title: 'Link good until', look: 'time' },
  { name: 'tokens', title: 'Machine tokens' },
  { name: 'hasPassword', title: 'Has a password', hidden: true },
  { name: 'timeZone', title: 'Time zone', hidden: true },
  { name: 'createdAt', title: 'Since', look: 'time', hidden: true },
  { name: 'id', title: 'Id', hidden: true },
]

export function personRow({ everywhere, ...person }: PersonView): Row {
  return { ...person, role: everywhere }
}

export function readRole(text: string): Role {
  return readOneOf(text, roles)
}

/** On a site nobody is owner. */
export function readSiteRole(text: string): SiteRole {
  return readOneOf(text, siteRoles)
}

function readOneOf<T extends string>(text: string, known: readonly T[]): T {
  const found = known.find((role) => role === text)
  if (found !== undefined) return found
  const near = nearest(text, known)
  throw new Failure('INPUT_INVALID', `Cannot use the role "${text}": there is none of this name here`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}Roles: ${known.join(', ')}`,
  })
}

function siteLines(sites: PersonView['sites']): string {
  return sites.map(({ site, role }) => safeText(`${site}: ${role}`)).join('\n') || '-'
}
