import type { Connection as CallbackConnection } from 'mysql2'
import mysql from 'mysql2/promise'
import { Failure } from '../../base/failure.ts'
import { type DatabaseCredentials, describeCredentials } from '../../sites/credentials.ts'
import { endpointOf, tlsOf } from '../../sites/endpoint.ts'

export type Row = Record<string, string | number | null>

/** One connection to a site's database server. Numbers beyond 2^53, dates and decimals come as text. */
export interface Database {
  readonly threadId: number
  query(sql: string): Promise<Row[]>
  /** Runs one statement that gives no rows; `affectedRows` as the server counted them */
  run(sql: string): Promise<{ affectedRows: number }>
  /**
   * The rows of one statement as they come, each value as the bytes that the server sends (null for NULL): at most `rowsAhead`
   * wait in memory. Nothing else may run on the connection until the last row was taken; leaving early reads the rest away.
   */
  stream(sql: string, rowsAhead: number): AsyncIterable<(Buffer | null)[]>
  close(): Promise<void>
}

interface ConnectOptions {
  /** Connects without choosing a schema */
  noSchema?: boolean
  /**
   * utf8: SQL and answers are text. bytes: each character of a string is one byte (latin1), so that a statement from a dump
   * goes out exactly as it stands there. @default 'utf8'
   */
  wire?: 'utf8' | 'bytes'
}

/**
 * @throws {Failure} DATABASE_REFUSED, retry `later` where nobody answered, with what the server said
 */
export async function connectDatabase(credentials: DatabaseCredentials, options: ConnectOptions = {}): Promise<Database> {
  const endpoint = endpointOf(credentials)
  const connection = await mysql
    .createConnection({
      ...('socket' in endpoint ? { socketPath: endpoint.socket } : endpoint),
      ...tlsOf(credentials),
      user: credentials.user,
      password: credentials.password,
      ...(options.noSchema === true ? {} : { database: credentials.database }),
      charset: options.wire === 'bytes' ? 'latin1_swedish_ci' : 'utf8mb4_general_ci',
      connectTimeout: 10_000,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      queryFormat: (sql) => sql, // no placeholders: the driver would search megabytes of rows for them
      // LOCAL_FILES: the server must not be able to ask for our files; SESSION_TRACK: the driver would change its own encoding
      // when a session sets character_set_client, and write bytes of a dump a second time as UTF-8
      flags: ['-LOCAL_FILES', '-SESSION_TRACK'],
    })
    .catch((cause: unknown) => {
      throw refusal(cause, `Cannot connect to ${describeCredentials(credentials)}`)
    })
  connection.on('error', () => {}) // a lost connection fails the statement that runs, or the next one
  const close = async (): Promise<void> => {
    await connection.end().catch(() => connection.destroy())
  }
  try {
    await connection.query("SET SESSION sql_mode='', sql_quote_show_create=1")
    if (options.wire === 'bytes') await proveBytes(connection)
  } catch (cause) {
    await close()
    throw refusal(cause, `Cannot set up a session of ${describeCredentials(credentials)}`)
  }
  return {
    threadId: connection.threadId,
    async query(sql) {
      const [rows] = await connection.query(sql)
      return Array.isArray(rows) ? (rows as Row[]) : []
    },
    async run(sql) {
      const [header] = await connection.query(sql)
      return { affectedRows: Array.isArray(header) ? 0 : (header as mysql.ResultSetHeader).affectedRows }
    },
    stream: (sql, rowsAhead) =>
      (connection as unknown as { connection: CallbackConnection }).connection // its types do not tell, only this one streams
        .query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() })
        .stream({ highWaterMark: rowsAhead }) as AsyncIterable<(Buffer | null)[]>,
    close,
  }
}

/** Nothing but this would notice a driver that translates: the rows would load, and count right, with other letters in them. */
async function proveBytes(connection: mysql.Connection): Promise<void> {
  await connection.query('SET character_set_client=utf8mb4')
  const [rows] = await connection.query("SELECT HEX(_binary'\x80\xe9\xff') AS sent")
  await connection.query('SET character_set_client=latin1')
  const [row] = rows as Row[]
  if (row?.['sent'] !== '80E9FF') throw new Error(`the driver does not send bytes as they are (${row?.['sent']})`)
}

/** The server's error number, or null for anything else. */
export function sqlErrno(error: unknown): number | null {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' && error.errno > 0 ? error.errno : null
}

/** Words an error of the driver or the server; a Failure passes as it is. */
export function refusal(cause: unknown, action: string): unknown {
  if (cause instanceof Failure || !(cause instanceof Error)) return cause
  const code = 'code' in cause ? String(cause.code) : ''
  const away = [
    'ECONNREFUSED',
    'ENOENT',
    'ETIMEDOUT',
    'ECONNRESET',
    'PROTOCOL_CONNECTION_LOST',
    'EHOSTUNREACH',
    'EAI_AGAIN',
  ].includes(code)
  const errno = sqlErrno(cause)
  if (errno === 1045 || errno === 1044 || errno === 1049 || errno === 1698) {
    return new Failure('DATABASE_REFUSED', `${action}: ${cause.message}`, {
      hint: 'Check user, password and schema in the site\'s configuration, or give them with "cairn site:attach --again"',
      retry: 'after-repair',
      cause,
    })
  }
  return new Failure('DATABASE_REFUSED', `${action}: ${cause.message === '' ? code : cause.message}`, {
    ...(away ? { hint: 'Is the database server running, and does it listen there?' } : {}),
    retry: away || errno === 1040 || errno === 1205 || errno === 1213 ? 'later' : 'never',
    cause,
  })
}
