import { inspect } from 'node:util'
import type { TlsMode } from '../contract/words.ts'

/** How a site reaches its database. A socket wins over host and port; all three empty means the server's default. */
export interface DatabaseCredentials {
  host: string | null
  port: number | null
  socket: string | null
  user: string
  password: string
  database: string
  /** What the site sets with SET NAMES, when its configuration says so */
  charset?: string
  /** Encrypted, but for a socket; left out: as the server and the driver agree */
  tls?: TlsMode
}

/** An account of the same server that may create schemas and lock accounts; where the server stands comes from the site's own. */
export interface AdminCredentials {
  user: string
  password: string
}

/** The credentials without the password, as text that may be logged: `user@host:port/database`. */
export function describeCredentials(credentials: DatabaseCredentials): string {
  const { host, port, socket, user, database } = credentials
  const named = host === null ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${user}@${socket ?? (port === null ? named : `${named}:${port}`)}/${database}`
}

/**
 * The same credentials, with the password out of every accidental output: JSON, template strings, console.log, logs that walk
 * objects. The password stays an ordinary property, so a spread copy keeps it and loses the guard.
 */
export function guardCredentials(credentials: DatabaseCredentials): DatabaseCredentials {
  const shown = (): string => describeCredentials(credentials)
  return Object.defineProperties(
    { ...credentials },
    {
      toString: { value: shown },
      toJSON: { value: () => ({ ...credentials, password: credentials.password === '' ? '' : '(hidden)' }) },
      [inspect.custom]: { value: shown },
    },
  )
}
