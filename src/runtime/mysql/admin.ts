import mysql from 'mysql2/promise'
import { Failure } from '../../base/failure.ts'
import type { MysqlAdmin } from '../types.ts'

export interface AdminEndpoint {
  host: string
  port: number
  /** Preferred where it is there */
  socket: string | null
  user: string
  password: string
  tls: 'required' | 'verified' | null
}

/** @throws {Failure} MYSQL_HOME, retry `later` where nobody answered */
export async function connectAdmin(endpoint: AdminEndpoint): Promise<MysqlAdmin> {
  const { host, port, socket, user, password, tls } = endpoint
  const where = socket ?? `${host}:${port}`
  const connection = await mysql
    .createConnection({
      ...(socket === null ? { host, port } : { socketPath: socket }),
      ...(tls === null ? {} : { ssl: { rejectUnauthorized: tls === 'verified' } }),
      user,
      password,
      charset: 'utf8mb4_general_ci',
      connectTimeout: 10_000,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      // the server must not be able to ask for our files
      flags: ['-LOCAL_FILES'],
    })
    .catch((cause: unknown) => {
      throw wordRefusal(cause, `Cannot connect to the database server at ${where} as "${user}"`)
    })
  connection.on('error', () => {}) // a lost connection fails the statement that runs, or the next one
  return {
    async query(sql, values) {
      try {
        const [rows] = await connection.query(sql, values === undefined ? undefined : [...values])
        return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
      } catch (cause) {
        throw wordRefusal(cause, `Cannot ask the database server at ${where}`)
      }
    },
    close: () => connection.end().catch(() => connection.destroy()),
  }
}

export function mysqlErrno(error: unknown): number | null {
  const cause = error instanceof Failure ? error.cause : error
  return cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' && cause.errno > 0 ? cause.errno : null
}

function wordRefusal(cause: unknown, action: string): unknown {
  if (!(cause instanceof Error)) return cause
  const code = 'code' in cause ? String(cause.code) : ''
  const isAway = ['ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'ECONNRESET', 'PROTOCOL_CONNECTION_LOST', 'EHOSTUNREACH'].includes(code)
  return new Failure('MYSQL_HOME', `${action}: ${cause.message === '' ? code : cause.message}`, {
    retry: isAway ? 'later' : 'after-repair',
    cause,
  })
}
