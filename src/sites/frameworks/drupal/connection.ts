import { type PhpArray, type PhpValue, toText, Unknown } from '../../php/values.ts'
import type { FoundCredentials } from '../facts.ts'
import { mysqlDrivers, parseDatabaseUrl } from './databaseUrl.ts'

export interface Connection {
  credentials: FoundCredentials | null
  prefix: string | null
  /** Why a site with such a connection cannot be attached */
  refusal: string | null
  notes: string[]
}

/** What `$databases` says: of several databases the one that Drupal itself lives in. */
export function connectionOf(databases: PhpValue | undefined): Connection {
  if (databases instanceof Unknown) return unknown(`$databases is not known: ${databases.reason}`)
  const all = mapOf(databases)
  const target = firstOf(mapOf(all?.get('default'))?.get('default'))
  if (target instanceof Unknown) return unknown(`$databases['default']['default'] is not known: ${target.reason}`)
  const info = mapOf(target)
  if (info === null) return unknown(null)
  const others = [...(all ?? new Map<string, PhpValue>()).keys()].filter((key) => key !== 'default')
  const notes = others.length === 0 ? [] : [`The further databases "${others.join('", "')}" of $databases are not in this backup`]
  const text = (key: string): string | null => textOf(info.get(key), `$databases['default']['default']['${key}']`, notes)
  const driver = text('driver') ?? 'mysql'
  const prefix = prefixOf(info.get('prefix'))
  const port = Number(text('port') ?? '')
  return {
    credentials: {
      place:
        info.get('host') instanceof Unknown
          ? null
          : { host: text('host'), port: port > 0 ? port : null, socket: textOr(text('unix_socket')) },
      user: text('username'),
      password: info.has('password') ? text('password') : '',
      database: text('database'),
      charset: null,
    },
    prefix: prefix.text,
    refusal: mysqlDrivers.has(driver) ? prefix.refusal : otherDriver(driver),
    notes,
  }
}

/** The one-line forms: Backdrop's `$database`, Drupal's `$db_url` of old, `DATABASE_URL`. */
export function connectionOfUrl(value: PhpValue | undefined, prefix: PhpValue | undefined, name: string): Connection {
  if (value instanceof Unknown) return unknown(`${name} is not known: ${value.reason}`)
  const text = toText(value instanceof Map ? (value.get('default') ?? null) : (value ?? null))
  if (text instanceof Unknown) return unknown(`${name} is not known: ${text.reason}`)
  if (text === '' || text === 'mysql://user:pass@localhost/database_name') return unknown(null)
  const url = parseDatabaseUrl(text)
  if (url === null) return unknown(`${name} is no address of a database`)
  const prefixes = prefixOf(prefix)
  return {
    credentials: url.credentials,
    prefix: prefixes.text,
    refusal: mysqlDrivers.has(url.driver) ? prefixes.refusal : otherDriver(url.driver),
    notes: [],
  }
}

function unknown(note: string | null): Connection {
  return { credentials: null, prefix: null, refusal: null, notes: note === null ? [] : [note] }
}

function otherDriver(driver: string): string {
  return `its database is of the kind "${driver}": Cairn backs up MySQL and MariaDB`
}

/** One prefix for all tables, or a list of prefixes by table: then some tables are shared with another site. */
function prefixOf(value: PhpValue | undefined): { text: string | null; refusal: string | null } {
  if (value instanceof Unknown) return { text: null, refusal: null }
  if (!(value instanceof Map)) {
    const text = toText(value ?? null)
    return named(text instanceof Unknown ? null : text)
  }
  const byDefault = toText(value.get('default') ?? null)
  const text = byDefault instanceof Unknown ? null : byDefault
  const shared = [...value].filter(([table, prefix]) => table !== 'default' && toText(prefix) !== text).map(([table]) => table)
  if (shared.length === 0) return named(text)
  return {
    text,
    refusal: `its tables "${shared.slice(0, 5).join('", "')}" have a prefix of their own, so they are shared with another site: a restore would change that one too`,
  }
}

function named(text: string | null): { text: string | null; refusal: string | null } {
  if (text?.includes('.') !== true) return { text, refusal: null }
  return { text, refusal: `the prefix "${text}" of its tables leads into another database` }
}

/** `$databases['default']['default']` may be a list of equal servers, of which Drupal takes any. */
function firstOf(value: PhpValue | undefined): PhpValue | undefined {
  return value instanceof Map && value.get('0') instanceof Map ? value.get('0') : value
}

function mapOf(value: PhpValue | undefined): PhpArray | null {
  return value instanceof Map ? value : null
}

function textOf(value: PhpValue | undefined, name: string, notes: string[]): string | null {
  if (value === undefined || value === null) return null
  const text = toText(value)
  if (!(text instanceof Unknown)) return text
  notes.push(`${name} is not known: ${text.reason}`)
  return null
}

function textOr(text: string | null): string | null {
  return text === '' ? null : text
}
