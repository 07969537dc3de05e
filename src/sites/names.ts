import { type Brand } from '../base/ids.ts'
import { Failure } from '../base/failure.ts'

export type SiteName = Brand<string, 'SiteName'>
export type EnvironmentName = Brand<string, 'EnvironmentName'>

const siteNameRule = 'a site name has 1 to 51 lower-case letters, digits and dashes, and begins and ends with a letter or digit'
const environmentNameRule = 'an environment is "dev", "test", "live" or another name of 1 to 11 lower-case letters and digits'

/** @throws {Failure} SITE_NAME_INVALID with the rule */
export function parseSiteName(text: string): SiteName {
  if (!/^(?=.{1,51}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text)) throw refuse('site', text, siteNameRule, suggestSite(text))
  return text as SiteName
}

/** @throws {Failure} SITE_NAME_INVALID with the rule */
export function parseEnvironmentName(text: string): EnvironmentName {
  if (!/^[a-z0-9]{1,11}$/.test(text)) throw refuse('environment', text, environmentNameRule, null)
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

/** The name that was meant, perhaps: `My Shop!` is `my-shop`. */
function suggestSite(text: string): string | null {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const nearest = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 51)
    .replace(/-+$/, '')
  return nearest === '' ? null : nearest
}

const ranks = ['dev', 'test', 'live']

/** Environments in the order in which people think of them: dev, test, live, then the others. */
export function byRank(left: string, right: string): number {
  return rank(left) - rank(right) || left.localeCompare(right)
}

function rank(name: string): number {
  return ranks.includes(name) ? ranks.indexOf(name) : ranks.length
}
