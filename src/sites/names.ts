import { type Brand } from '../base/ids.ts'
import { Failure } from '../base/failure.ts'
import { environmentNameRule, isEnvironmentName, isSiteName, siteNameRule, suggestSiteName } from '../contract/nameRules.ts'

export type SiteName = Brand<string, 'SiteName'>
export type EnvironmentName = Brand<string, 'EnvironmentName'>

/** @throws {Failure} SITE_NAME_INVALID with the rule */
export function parseSiteName(text: string): SiteName {
  if (!isSiteName(text)) throw refuse('site', text, siteNameRule, suggestSiteName(text))
  return text as SiteName
}

/** @throws {Failure} SITE_NAME_INVALID with the rule */
export function parseEnvironmentName(text: string): EnvironmentName {
  if (!isEnvironmentName(text)) throw refuse('environment', text, environmentNameRule, null)
  return text as EnvironmentName
}

/** Reads `site.env`. */
export function parseSiteEnvironment(text: string): { site: SiteName; environment: EnvironmentName } {
  const [site, environment, ...more] = text.split('.')
  if (site === undefined || environment === undefined || more.length > 0) {
    throw refuse('environment', text, 'an environment is written SITE.ENV, with one point', null)
  }
  return { site: parseSiteName(site), environment: parseEnvironmentName(environment) }
}

function refuse(what: string, text: string, rule: string, nearest: string | null): Failure {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new Failure(
    'SITE_NAME_INVALID',
    `Cannot use "${shown}" as the name of ${what === 'site' ? 'a site' : 'an environment'}: ${rule}`,
    {
      hint: nearest === null ? `Choose another name: ${rule}` : `Use "${nearest}", for example`,
    },
  )
}

const ranks = ['dev', 'test', 'live']

/** Environments in the order in which people think of them: dev, test, live, then the others. */
export function byRank(left: string, right: string): number {
  return rank(left) - rank(right) || left.localeCompare(right)
}

function rank(name: string): number {
  return ranks.includes(name) ? ranks.indexOf(name) : ranks.length
}
