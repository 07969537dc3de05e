import { Failure } from '../base/failure.ts'
import { nearest } from '../base/nearest.ts'
import { environmentNameRule, isEnvironmentName, isSiteName, siteNameRule, suggestSiteName } from '../contract/nameRules.ts'
import type { EnvironmentView } from '../contract/schemas.ts'
import { type Element, elements, type Framework, frameworks } from '../contract/words.ts'
import { path } from './client.ts'
import type { Context } from './context.ts'

/** An environment as it is written: `site.env` */
export interface EnvironmentName {
  site: string
  environment: string
  /** `site.env` */
  text: string
}

/**
 * Reads `site.env`; where the argument is missing, CAIRN_SITE and CAIRN_ENV stand for it.
 *
 * @throws {Failure} INPUT_INVALID with the shape that is wanted
 */
export function readEnvironment(text: string | undefined, env: Record<string, string | undefined>): EnvironmentName {
  const given = text ?? (env['CAIRN_SITE'] && env['CAIRN_ENV'] ? `${env['CAIRN_SITE']}.${env['CAIRN_ENV']}` : '')
  const dot = given.lastIndexOf('.')
  if (dot <= 0 || dot === given.length - 1) {
    const found = given === '' ? 'no environment was named' : 'a site and an environment with a dot between them are wanted'
    throw new Failure('INPUT_INVALID', `Cannot read ${given === '' ? 'SITE.ENV' : `"${given}"`}: ${found}`, {
      hint: 'Write it as site.env, such as blog.live; "cairn site:list" shows what is there',
    })
  }
  return { site: given.slice(0, dot), environment: given.slice(dot + 1), text: given }
}

/**
 * Reads `site.env` and asks whether it is there, before a question or a long upload that would be about nothing.
 *
 * @returns also `where` the API has it, and what it is
 * @throws {Failure} INPUT_INVALID, SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND
 */
export async function findEnvironment(
  { client, terminal }: Pick<Context, 'client' | 'terminal'>,
  text: string | undefined,
): Promise<{ environment: EnvironmentName; where: string; view: EnvironmentView }> {
  const environment = readEnvironment(text, terminal.env)
  const where = path`/v1/sites/${environment.site}/environments/${environment.environment}`
  return { environment, where, view: await client.get<EnvironmentView>(where) }
}

/**
 * Reads the name that something new shall have, by the rules of the server: before it is looked at, and a question is put.
 *
 * @throws {Failure} INPUT_INVALID, SITE_NAME_INVALID
 */
export function readNewEnvironment(text: string | undefined, env: Record<string, string | undefined>): EnvironmentName {
  const named = readEnvironment(text, env)
  const { site, environment } = named
  if (!isSiteName(site)) {
    const near = suggestSiteName(site)
    throw new Failure('SITE_NAME_INVALID', `Cannot use "${site}" as the name of a site: ${siteNameRule}`, {
      hint: near === null ? 'Choose another name' : `Use "${near}.${environment}", for example`,
    })
  }
  if (!isEnvironmentName(environment)) {
    throw new Failure('SITE_NAME_INVALID', `Cannot use "${environment}" as the name of an environment: ${environmentNameRule}`, {
      hint: `The site that its visitors see is "${site}.live"`,
    })
  }
  return named
}

/** The environment that something goes into: `test` of the same site, or `site.env`. */
export function readTarget(text: string, site: string): EnvironmentName {
  if (text.includes('.')) return readEnvironment(text, {})
  return { site, environment: text, text: `${site}.${text}` }
}

/** A site's name, where `site.env` is taken too. */
export function readSite(text: string | undefined, env: Record<string, string | undefined>): string {
  const given = text ?? env['CAIRN_SITE'] ?? ''
  if (given === '')
    throw new Failure('INPUT_INVALID', 'Cannot read SITE: no site was named', { hint: '"cairn site:list" shows what is there' })
  return given.split('.', 1)[0] ?? given
}

/** `all`, one element, or several with commas; `db` means the database. In the order code, files, database. */
export function readElements(text: string): Element[] {
  const wanted = text.split(',').map((word) => word.trim().toLowerCase())
  if (wanted.includes('all')) return [...elements]
  const found = wanted.map(readOne)
  return elements.filter((element) => found.includes(element))
}

/** One element, for commands that handle one archive. */
export function readElement(text: string | undefined, command: string): Element {
  if (text === undefined || text === 'all' || text.includes(',')) {
    throw new Failure(
      'INPUT_INVALID',
      `Cannot run "${command}" for ${text === undefined ? 'no element' : `"${text}"`}: it takes one element at a time`,
      {
        hint: 'Add --element=code, --element=files or --element=database',
      },
    )
  }
  return readOne(text.toLowerCase())
}

function readOne(word: string): Element {
  if (word === 'db') return 'database'
  const found = elements.find((element) => element === word)
  if (found !== undefined) return found
  const near = nearest(word, [...elements, 'all', 'db'])
  throw new Failure('INPUT_INVALID', `Cannot use element "${word}": there is none of this name`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}Elements: all, code, files, database (or db)`,
  })
}

export function readCount(text: string, what: string, max = 36_500): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new Failure('INPUT_INVALID', `Cannot use "${text}" for ${what}: a whole number from 1 to ${max} is wanted`)
}

/** Seconds, or a number with s, m, h or d behind it: `90`, `30m`, `2h`, `7d` */
export function readSeconds(text: string, what: string, maxDays?: number): number {
  const [, number = '', unit = 's'] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  const factor = { s: 1, m: 60, h: 3600, d: 86_400 }[unit || 's']
  if (number === '' || factor === undefined || Number(number) === 0) {
    throw new Failure('INPUT_INVALID', `Cannot use "${text}" for ${what}: seconds, or a number with s, m, h or d are wanted`, {
      hint: 'For example 90, 30m, 2h or 7d',
    })
  }
  const seconds = Number(number) * factor
  if (maxDays === undefined || seconds <= maxDays * 86_400) return seconds
  throw new Failure('INPUT_INVALID', `Cannot use "${text}" for ${what}: it is longer than ${maxDays} days`, {
    hint: `The longest is ${maxDays}d`,
  })
}

/** 26 letters and digits as `newUlid` makes them; how a backup or a workflow is named without its site. */
export function isId(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
}

export function readFramework(text: string): Framework {
  const found = frameworks.find((framework) => framework === text)
  if (found !== undefined) return found
  const near = nearest(text, frameworks)
  throw new Failure('INPUT_INVALID', `Cannot use framework "${text}": there is none of this name`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}Frameworks: ${frameworks.join(', ')}`,
  })
}
