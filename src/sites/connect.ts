import mysql, { type Connection } from 'mysql2/promise'
import { Failure, isErrno } from '../base/failure.ts'
import { type DatabaseCredentials, describeCredentials } from './credentials.ts'
import { endpointOf, tlsOf } from './endpoint.ts'

export interface Probe {
  query(sql: string): Promise<Record<string, string | number | null>[]>
  close(): Promise<void>
}

/**
 * A connection for a few short questions, ended by itself after ten seconds without an answer.
 *
 * @throws {Failure} DATABASE_REFUSED, retry `later` where nobody answered, with what the server said
 */
export async function connectProbe(credentials: DatabaseCredentials, options: { noSchema?: boolean } = {}): Promise<Probe> {
  const endpoint = endpointOf(credentials)
  let connection: Connection
  try {
    connection = await mysql.createConnection({
      ...('socket' in endpoint ? { socketPath: endpoint.socket } : endpoint),
      ...tlsOf(credentials),
      user: credentials.user,
      password: credentials.password,
      ...(options.noSchema === true ? {} : { database: credentials.database }),
      charset: 'utf8mb4_general_ci',
      connectTimeout: 10_000,
      dateStrings: true,
      flags: ['-LOCAL_FILES'], // the server must not be able to ask for our files
    })
  } catch (cause) {
    const isAway = isErrno(cause, 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET')
    throw new Failure('DATABASE_REFUSED', `Cannot connect to ${describeCredentials(credentials)}: ${sayWhy(cause)}`, {
      hint: isAway
        ? 'Check that the database server runs and listens there'
        : 'Check the user, the password and the name of the database',
      retry: isAway ? 'later' : 'after-repair',
      cause,
    })
  }
  connection.on('error', () => {}) // a connection that dies between two questions fails the next one
  return {
    async query(sql) {
      const [rows] = await connection.query({ sql, timeout: 10_000 })
      return (Array.isArray(rows) ? rows : []) as Record<string, string | number | null>[]
    },
    close: () => connection.end().catch(() => connection.destroy()),
  }
}

export function sayWhy(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}

/** The number of a server's refusal, e.g. 1044; null for anything else. */
export function refusalNumber(error: unknown): number | null {
  return error instanceof Error && 'errno' in error && 'sqlMessage' in error ? Number(error.errno) : null
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
