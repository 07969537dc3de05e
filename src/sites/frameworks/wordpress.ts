import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { type PhpOutcome, readPhp } from '../php/readPhp.ts'
import { type PhpValue, toBoolean, toText, Unknown } from '../php/values.ts'
import { parseDatabaseHost } from './databaseHost.ts'
import type { FoundCredentials, FurtherFiles, SiteFacts, SitePlace } from './facts.ts'
import { clientFlags, tlsOfWordPress } from './wordpressTls.ts'

/** Reads how a WordPress is configured, from text alone. What cannot be known is null, with a note that says why. */
export function readWordPress(place: SitePlace): SiteFacts {
  const notes: string[] = []
  const config = findConfig(place.coreDirectory)
  const outcome = config === null ? null : evaluateConfig(config, place, notes)
  if (config === null) notes.push(`No wp-config.php stands in "${place.coreDirectory}" or one folder above it`)
  const known = (name: string): string | null => knownText(outcome?.constants.get(name), name, notes)
  const contentDirectory = normalize(known('WP_CONTENT_DIR') ?? join(place.coreDirectory, 'wp-content')).replace(/\/+$/, '')
  const uploads = filesOf(outcome, place.coreDirectory, contentDirectory, notes)
  const multisite = toBoolean(outcome?.constants.get('MULTISITE') ?? false)
  if (multisite instanceof Unknown) notes.push(`Whether this is a network of sites is not known: ${multisite.reason}`)
  const configFiles = [...(outcome?.files ?? []).filter((path) => path === config || holdsSecrets(path)), ...otherConfig(place)]
  return {
    framework: multisite === true ? 'wordpress_network' : 'wordpress',
    contentDirectory,
    filesDirectory: uploads.directory,
    filesFixed: uploads.byConstant,
    privateFixed: true,
    furtherFiles: multisite === true ? blogsOf(outcome, place.coreDirectory, contentDirectory) : [],
    configFiles: [...new Set(configFiles)],
    configAbove: config !== null && !`${config}/`.startsWith(`${place.codeRoot}/`) ? config : null,
    url: outcome === null ? null : quietText(outcome.constants.get('WP_HOME') ?? outcome.constants.get('WP_SITEURL')),
    tablePrefix: outcome === null ? null : knownText(outcome.variables.get('table_prefix'), '$table_prefix', notes),
    credentials: outcome === null ? null : credentialsOf(known, notes, outcome, contentDirectory),
    refusal: null,
    notes,
  }
}

/** As `wp-load.php` looks: beside it, or one above where no other WordPress stands. */
function findConfig(coreDirectory: string): string | null {
  const own = join(coreDirectory, 'wp-config.php')
  if (existsSync(own)) return own
  const above = dirname(coreDirectory)
  const path = join(above, 'wp-config.php')
  return existsSync(path) && !existsSync(join(above, 'wp-settings.php')) ? path : null
}

function evaluateConfig(config: string, place: SitePlace, notes: string[]): PhpOutcome | null {
  const url = place.url === null ? null : new URL(place.url)
  const server: Record<string, string> =
    url === null ? {} : { HTTP_HOST: url.host, SERVER_NAME: url.hostname, REQUEST_SCHEME: url.protocol.slice(0, -1) }
  try {
    const outcome = readPhp(config, {
      constants: { ...clientFlags, ABSPATH: `${place.coreDirectory}/` },
      environment: place.environment,
      server: { ...server, DOCUMENT_ROOT: place.docroot },
      skip: ['wp-settings.php'],
      reveal: [place.codeRoot, dirname(config)],
    })
    notes.push(...outcome.notes.map((note) => `${config}: ${note}`))
    return outcome
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    notes.push(`"${config}" cannot be read as PHP: ${error.message}`)
    return null
  }
}

function credentialsOf(
  known: (name: string) => string | null,
  notes: string[],
  { constants, asked }: PhpOutcome,
  contentDirectory: string,
): FoundCredentials {
  const missing = ['DB_NAME', 'DB_USER', 'DB_PASSWORD'].filter((name) => !constants.has(name))
  if (missing.length > 0) notes.push(`The configuration does not set ${missing.join(', ')}`)
  const host = known('DB_HOST')
  const charset = quietText(constants.get('DB_CHARSET'))
  const found = {
    place: host === null && constants.has('DB_HOST') ? null : parseDatabaseHost(host ?? 'localhost'),
    user: known('DB_USER'),
    password: known('DB_PASSWORD'),
    database: known('DB_NAME'),
    charset: charset === '' ? null : charset,
    tls: tlsOfWordPress(constants, contentDirectory, notes),
  }
  if (asked.length > 0)
    notes.push(`The configuration asks for environment variables that Cairn does not see: ${asked.join(', ')}`)
  return found
}

/** As `wp_upload_dir()` decides before it asks the database. */
function filesOf(
  outcome: PhpOutcome | null,
  coreDirectory: string,
  contentDirectory: string,
  notes: string[],
): { directory: string | null; byConstant: boolean } {
  if (outcome?.constants.get('WP_CONTENT_DIR') instanceof Unknown) return { directory: null, byConstant: false }
  const uploads = outcome?.constants.get('UPLOADS')
  if (uploads === undefined) return { directory: join(contentDirectory, 'uploads'), byConstant: false }
  const text = knownText(uploads, 'UPLOADS', notes)
  return { directory: text === null ? null : join(coreDirectory, text).replace(/\/+$/, ''), byConstant: true }
}

/** Networks that began before WordPress 3.5 keep the files of their sites beside the uploads. */
function blogsOf(outcome: PhpOutcome | null, coreDirectory: string, contentDirectory: string): FurtherFiles[] {
  const constant = quietText(outcome?.constants.get('UPLOADBLOGSDIR'))
  const directory = constant === null ? join(contentDirectory, 'blogs.dir') : join(coreDirectory, constant).replace(/\/+$/, '')
  return existsSync(directory) ? [{ at: 'blogs.dir', directory }] : []
}

function knownText(value: PhpValue | undefined, name: string, notes: string[]): string | null {
  if (value === undefined) return null
  const text = toText(value)
  if (!(text instanceof Unknown)) return text
  notes.push(`${name} is not known: ${text.reason}`)
  return null
}

function quietText(value: PhpValue | undefined): string | null {
  const text = value === undefined ? null : toText(value)
  return text instanceof Unknown ? null : text
}

/** Included files are configuration of the environment where they hold credentials, keys or salts. */
function holdsSecrets(path: string): boolean {
  return /\b(?:DB_[A-Z]+|[A-Z_]*(?:_KEY|_SALT|SECRET|PASSWORD|PASSWD|TOKEN))\b/.test(readFileSync(path, 'latin1'))
}

function otherConfig({ codeRoot, docroot }: SitePlace): string[] {
  const names = ['.env', '.env.local', '.user.ini']
  return [codeRoot, docroot].flatMap((directory) => names.map((name) => join(directory, name))).filter((path) => existsSync(path))
}
