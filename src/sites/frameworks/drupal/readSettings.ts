import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readPhp, type PhpOutcome } from '../../php/readPhp.ts'
import { type PhpArray, type PhpValue, toText, Unknown } from '../../php/values.ts'
import type { SitePlace } from '../facts.ts'
import type { SiteDirectory } from './siteDirectories.ts'

/** What one `settings.php` with all that it includes says. */
export interface Settings {
  variables: Map<string, PhpValue>
  /** It and the files that it includes, as far as they hold what belongs to this environment alone */
  configFiles: string[]
  /** Names of environment variables that it asked for in vain */
  asked: string[]
  notes: string[]
}

/** Reads the settings of one site as Drupal's own bootstrap would, without running them. */
export function readSettings(place: SitePlace, site: SiteDirectory, constants: Record<string, string>): Settings {
  const url = place.url === null ? null : new URL(place.url)
  try {
    const outcome = readPhp(site.settings, {
      constants,
      variables: { app_root: place.docroot, site_path: site.name, conf: new Map(), settings: new Map(), config: new Map() },
      environment: place.environment,
      server: url === null ? {} : { HTTP_HOST: url.host, SERVER_NAME: url.hostname, REQUEST_SCHEME: url.protocol.slice(0, -1) },
      reveal: [place.codeRoot, dirname(site.settings)],
    })
    return withServerSettings(outcome, place, site)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const notes = [`"${site.settings}" cannot be read as PHP: ${error.message}`]
    return { variables: new Map(), configFiles: [site.settings], asked: [], notes }
  }
}

/** A text of `$settings['name']` or `$conf['name']`; null where it is not set; what is not known is noted. */
export function settingText(settings: Settings, variable: 'settings' | 'conf', name: string, notes: string[]): string | null {
  const all = settings.variables.get(variable)
  const value = all instanceof Map ? all.get(name) : all instanceof Unknown ? all : undefined
  if (value === undefined || value === null) return null
  const text = toText(value)
  if (!(text instanceof Unknown)) return text === '' ? null : text
  notes.push(`$${variable}['${name}'] is not known: ${text.reason}`)
  return null
}

/** Hosts that write no settings.php hand it over as JSON in the environment; the framework reads it after the settings. */
function withServerSettings(outcome: PhpOutcome, { environment }: SitePlace, site: SiteDirectory): Settings {
  const { variables, asked } = outcome
  const notes = outcome.notes.map((note) => `${site.settings}: ${note}`)
  const json = environment?.['PRESSFLOW_SETTINGS'] ?? environment?.['BACKDROP_SETTINGS']
  if (json !== undefined) mergeJson(variables, json, notes)
  const configFiles = outcome.files.filter((path) => isOfEnvironment(path, site))
  return { variables, configFiles, asked, notes }
}

function mergeJson(variables: Map<string, PhpValue>, json: string, notes: string[]): void {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    notes.push('The settings in the environment (PRESSFLOW_SETTINGS) are no JSON')
    return
  }
  const given = fromJson(parsed)
  if (!(given instanceof Map)) return
  for (const [name, value] of given) {
    const held = variables.get(name)
    variables.set(name, held instanceof Map && value instanceof Map ? mergeArrays(held, value) : value)
  }
}

function mergeArrays(held: PhpArray, given: PhpArray): PhpArray {
  const merged = new Map(held)
  for (const [key, value] of given) {
    const before = merged.get(key)
    merged.set(key, before instanceof Map && value instanceof Map ? mergeArrays(before, value) : value)
  }
  return merged
}

function fromJson(value: unknown): PhpValue {
  if (Array.isArray(value)) return new Map(value.map((item, index) => [String(index), fromJson(item)]))
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

/** A password or a salt that stands there in words; `settings.pantheon.php` and the like only ask the environment. */
const secretInWords =
  /(?:['"](?:password|hash_salt|[\w-]*(?:secret|token|api_?key|private_key)[\w-]*)['"]\s*\]?\s*(?:=>|=)\s*['"][^'"]+['"])|(?:\$(?:drupal_hash_salt|database|db_url|password)\s*=\s*['"][^'"]+['"])/i

function isOfEnvironment(path: string, site: SiteDirectory): boolean {
  if (path === site.settings || /^settings\.(?:local|secret)[\w.-]*\.php$/.test(basename(path))) return true
  return secretInWords.test(readFileSync(path, 'latin1'))
}

/** Where a path in the settings leads: relative ones count from the docroot. */
export function fromDocroot(docroot: string, path: string): string {
  return (path.startsWith('/') ? path : join(docroot, path)).replace(/\/+$/, '') || '/'
}
