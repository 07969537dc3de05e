import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { Failure } from '../base/failure.ts'
import { nearest } from '../base/nearest.ts'
import { pathTrouble } from '../base/pathTrouble.ts'

export interface Configuration {
  /** The data directory: state database, repository, key, caches */
  data: string
  /** address:port */
  listen: string
  /** What links begin with; the listening address when null */
  publicUrl: string | null
  /** A PostgreSQL of one's own instead of the embedded one */
  databaseUrl: string | null
  compression: 'fast' | 'balanced' | 'best'
  /** Where managed sites are shown, address:port */
  gatewayListen: string
  /** A MySQL or MariaDB of one's own for managed sites; a private one is started when null */
  mysqlUrl: string | null
  /** How many releases of an environment are kept beside the current one */
  releasesKept: number
  /** From here on every managed environment gets a uid of its own, never the same one twice */
  uidBase: number
  /** How many workflows run at once */
  workflows: number
  /** How long the undo set of a restore and its safety backup are kept, days */
  undoKeepDays: number
  /** The largest upload, bytes; null for none */
  uploadLimit: number | null
  /** URLs may lead to private networks and to this machine */
  fetchPrivate: boolean
  /** Unused for so long, a session of the dashboard ends */
  sessionIdleHours: number
  /** However much it is used, it ends then */
  sessionLifeDays: number
  /** Pushes may rewrite the history of managed sites */
  forcedPush: boolean
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  /** What lines of the log are; text at a terminal and json elsewhere when null */
  logFormat: 'text' | 'json' | null
}

interface Key<T> {
  variable: string
  says: string
  fallback: () => T
  read: (text: string) => T
}

const text = (value: string): string => value
const oneOf =
  <T extends string>(...allowed: T[]) =>
  (value: string): T => {
    const found = allowed.find((item) => item === value)
    if (found === undefined) throw new Error(`one of ${allowed.join(', ')} is wanted`)
    return found
  }
const count = (value: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new Error('a whole number from 1 is wanted')
  return Number(value)
}
const uid = (value: string): number => {
  const found = /^[1-9]\d{3,9}$/.test(value) ? Number(value) : Infinity
  if (found > 4_000_000_000) throw new Error('a uid from 1000 to 4000000000 is wanted')
  return found
}
const size = (value: string): number => {
  const [, digits, unit = ''] = /^(\d{1,6})(?:\s?([kMGT]B))?$/.exec(value) ?? []
  if (digits === undefined) throw new Error('a size such as 500MB or 2GB is wanted')
  return Number(digits) * 1000 ** ['', 'kB', 'MB', 'GB', 'TB'].indexOf(unit)
}

/** Every key, once: flag `--kebab-case`, variable, meaning, default. docs/install.md lists the same. */
export const keys: { [K in keyof Configuration]: Key<Configuration[K]> } = {
  data: { variable: 'CAIRN_DATA', says: 'data directory', fallback: defaultData, read: (value) => resolve(value) },
  listen: { variable: 'CAIRN_LISTEN', says: 'address:port to listen on', fallback: () => '127.0.0.1:7070', read: readListen },
  publicUrl: { variable: 'CAIRN_PUBLIC_URL', says: 'what links begin with', fallback: () => null, read: readUrl },
  databaseUrl: { variable: 'DATABASE_URL', says: 'a PostgreSQL of your own', fallback: () => null, read: text },
  compression: {
    variable: 'CAIRN_COMPRESSION',
    says: 'fast, balanced or best',
    fallback: () => 'balanced',
    read: oneOf('fast', 'balanced', 'best'),
  },
  gatewayListen: {
    variable: 'CAIRN_GATEWAY_LISTEN',
    says: 'address:port that shows managed sites',
    fallback: () => '127.0.0.1:7071',
    read: readListen,
  },
  mysqlUrl: { variable: 'CAIRN_MYSQL_URL', says: 'a MySQL or MariaDB of your own', fallback: () => null, read: text },
  releasesKept: { variable: 'CAIRN_RELEASES_KEPT', says: 'releases kept for undo', fallback: () => 3, read: count },
  uidBase: { variable: 'CAIRN_UID_BASE', says: 'first uid of managed sites', fallback: () => 200_000, read: uid },
  workflows: { variable: 'CAIRN_WORKFLOWS', says: 'workflows that run at once', fallback: () => 2, read: count },
  undoKeepDays: { variable: 'CAIRN_UNDO_KEEP_DAYS', says: 'days that an undo set is kept', fallback: () => 30, read: count },
  uploadLimit: {
    variable: 'CAIRN_UPLOAD_LIMIT',
    says: 'the largest upload, such as 2GB',
    fallback: () => null,
    read: size,
  },
  fetchPrivate: {
    variable: 'CAIRN_FETCH_PRIVATE',
    says: 'yes lets URLs lead to private addresses',
    fallback: () => false,
    read: (value) => oneOf('yes', 'no')(value) === 'yes',
  },
  forcedPush: {
    variable: 'CAIRN_FORCED_PUSH',
    says: 'yes lets pushes rewrite history',
    fallback: () => false,
    read: (value) => oneOf('yes', 'no')(value) === 'yes',
  },
  sessionIdleHours: {
    variable: 'CAIRN_SESSION_IDLE_HOURS',
    says: 'hours until an unused log-in ends',
    fallback: () => 12,
    read: count,
  },
  sessionLifeDays: { variable: 'CAIRN_SESSION_LIFE_DAYS', says: 'days until any log-in ends', fallback: () => 14, read: count },
  logLevel: {
    variable: 'CAIRN_LOG_LEVEL',
    says: 'silent, error, warn, info or debug',
    fallback: () => 'info',
    read: oneOf('silent', 'error', 'warn', 'info', 'debug'),
  },
  logFormat: {
    variable: 'CAIRN_LOG_FORMAT',
    says: 'text or json (default: text at a terminal)',
    fallback: () => null,
    read: oneOf('text', 'json'),
  },
}

/**
 * Flags before variables before `cairn.yml` (in the current directory, else in the data directory) before defaults.
 *
 * @throws {Failure} CONFIG_INVALID with the nearest right key, or what a value should have been
 */
export function readConfiguration(flags: string[], env: NodeJS.ProcessEnv = process.env): Configuration {
  const given = readFlags(flags)
  const data = given.get('data') ?? env['CAIRN_DATA'] ?? defaultData()
  const file = readFile([resolve('cairn.yml'), join(data, 'cairn.yml')])
  for (const name of Object.keys(env)) {
    if (name.startsWith('CAIRN_') && !knownVariables().includes(name) && !clientVariables.includes(name))
      unknownKey('the variable', name, knownVariables())
  }
  const result: Record<string, unknown> = {}
  for (const [name, key] of Object.entries(keys)) {
    const found = given.get(name) ?? env[key.variable] ?? file.get(name)
    try {
      result[name] = found === undefined || found === '' ? key.fallback() : key.read(found)
    } catch (error) {
      const whence = given.has(name) ? flagName(name) : env[key.variable] !== undefined ? key.variable : `"${name}" of cairn.yml`
      throw new Failure(
        'CONFIG_INVALID',
        `Cannot use "${found}" for ${whence}: ${error instanceof Error ? error.message : String(error)}`,
        { hint: `${whence} means: ${key.says}; "cairn server --help" lists all` },
      )
    }
  }
  return result as unknown as Configuration
}

/** The keys as `cairn server --help` shows them: columns as wide as what stands in them, and no line longer than 80. */
export function configurationHelp(): string {
  const entries = Object.entries(keys).map(([name, { variable, says }]) => [flagName(name), variable, says] as const)
  const flagWidth = Math.max(...entries.map(([flag]) => flag.length))
  const variableWidth = Math.max(...entries.map(([, variable]) => variable.length))
  const indent = 2 + flagWidth + 1 + variableWidth + 1
  const rows = entries.map(
    ([flag, variable, says]) =>
      `  ${flag.padEnd(flagWidth)} ${variable.padEnd(variableWidth)} ${wrapped(says, 80 - indent).join(`\n${' '.repeat(indent)}`)}`,
  )
  return `Configuration, as a flag, a variable, or a key in cairn.yml:\n${rows.join('\n')}`
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** Read by the command line, harmless for the server; the last two belong to the tests. */
const clientVariables = ['CAIRN_URL', 'CAIRN_TOKEN', 'CAIRN_DB_PASSWORD', 'CAIRN_SITE', 'CAIRN_ENV', 'CAIRN_SOAK', 'CAIRN_SEED']

function knownVariables(): string[] {
  return Object.values(keys).map((key) => key.variable)
}

function readFlags(flags: string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] as string
    const [name = '', inline] = flag.replace(/^--/, '').split(/=(.*)/s)
    const key = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (!flag.startsWith('--') || !(key in keys))
      unknownKey('the option', flag.replace(/=.*/s, ''), Object.keys(keys).map(flagName))
    const value = inline ?? flags[++i]
    if (value === undefined)
      throw new Failure('CONFIG_INVALID', `Cannot read "${flag}": a value must follow`, { hint: `Write ${flag}=VALUE` })
    found.set(key, value)
  }
  return found
}

function readFile(paths: string[]): Map<string, string> {
  const path = paths.find((candidate) => existsSync(candidate))
  if (path === undefined) return new Map()
  let parsed: unknown
  try {
    parsed = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Failure(
      'CONFIG_INVALID',
      `Cannot read the configuration: "${path}" ${pathTrouble(cause, 'read') ?? 'is no YAML'}`,
      {
        hint: 'It holds a key and a value a line, such as "listen: 127.0.0.1:7070"; docs/install.md lists the keys',
        cause,
      },
    )
  }
  if (parsed === null) return new Map()
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw new Failure('CONFIG_INVALID', `Cannot read "${path}": keys and values are wanted`)
  for (const name of Object.keys(parsed)) if (!(name in keys)) unknownKey('the key', name, Object.keys(keys))
  return new Map(Object.entries(parsed).map(([name, value]) => [name, String(value)]))
}

function unknownKey(what: string, name: string, known: string[]): never {
  const near = nearest(name, known)
  throw new Failure('CONFIG_INVALID', `Cannot use ${what} "${name}": there is none of this name`, {
    hint: near === null ? `There are: ${known.join(', ')}` : `Did you mean "${near}"?`,
  })
}

export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function defaultData(): string {
  if (process.getuid?.() === 0) return '/var/lib/cairn'
  return join(process.env['XDG_DATA_HOME'] ?? join(process.env['HOME'] ?? '/tmp', '.local/share'), 'cairn')
}

function readListen(value: string): string {
  const [, port = ''] = /^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(value) ?? []
  if (port === '' || Number(port) > 65_535) throw new Error('address:port is wanted, such as 127.0.0.1:7070')
  return value
}

function readUrl(value: string): string {
  if (!/^https?:\/\/[^/\s?#]+(\/[^\s?#]*)?$/.test(value))
    throw new Error('an address such as https://backups.example.org is wanted')
  return value.replace(/\/+$/, '')
}
