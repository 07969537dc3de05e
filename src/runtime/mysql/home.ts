import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import type { MysqlAdmin, MysqlHome } from '../types.ts'
import { type AdminEndpoint, connectAdmin, mysqlErrno } from './admin.ts'
import { dropSchema } from './dropSchema.ts'

export interface HomeOptions {
  /** Where accounts may connect from: each name is made once for each of these hosts */
  accountHosts: readonly string[]
  /** Of the server, where we may change its files */
  dataDirectory?: string
}

/**
 * What a site does with its schema, and Cairn when it dumps and loads it, each right by its name: no FILE, PROCESS, SUPER or
 * any other right on the server, no right to hand rights on, nothing outside the schema.
 */
const rights = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'REFERENCES',
  'INDEX',
  'ALTER',
  'CREATE TEMPORARY TABLES',
  'LOCK TABLES',
  'CREATE VIEW',
  'SHOW VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EXECUTE',
  'EVENT',
  'TRIGGER',
]
/** Of tables with system versioning */
const mariadbRights = ['DELETE HISTORY']

/** One site must not be able to take all the connections of the server. */
const connectionsMax = 60
const killPatienceMs = 10_000

/** What both kinds of server have in common, given a way in with every right. */
export async function openHome(endpoint: AdminEndpoint, { accountHosts, dataDirectory }: HomeOptions): Promise<MysqlHome> {
  const connect = (): Promise<MysqlAdmin> => connectAdmin(endpoint)
  const withAdmin = async <T>(work: (admin: MysqlAdmin) => Promise<T>): Promise<T> => {
    const admin = await connect()
    try {
      return await work(admin)
    } finally {
      await admin.close()
    }
  }
  const run = (...statements: string[]): Promise<void> =>
    withAdmin(async (admin) => {
      for (const statement of statements) await admin.query(statement)
    })
  const { family, version, literalNames } = await withAdmin(describeServer)
  const accounts = (user: string): string[] => accountHosts.map((host) => `'${plainName(user)}'@'${host}'`)
  const grant = (account: string, schema: string): string => {
    const list = [...rights, ...(family === 'mariadb' ? mariadbRights : [])].join(', ')
    // an underscore stands for any letter here: c_1 would open cx1 as well
    return `GRANT ${list} ON \`${literalNames ? plainName(schema) : plainName(schema).replaceAll('_', '\\_')}\`.* TO ${account}`
  }
  const killConnections = (user: string): Promise<void> => withAdmin((admin) => killAll(admin, plainName(user)))
  return {
    family,
    version,
    host: endpoint.host,
    port: endpoint.port,
    socket: endpoint.socket,
    adminLogin: { user: endpoint.user, password: endpoint.password },
    admin: connect,
    createSchema: (name) => run(`CREATE DATABASE IF NOT EXISTS \`${plainName(name)}\` CHARACTER SET utf8mb4`),
    dropSchema: (name) => withAdmin((admin) => dropSchema(admin, plainName(name), dataDirectory ?? null)),
    createAccount: ({ user, password, schema }) =>
      withAdmin(async (admin) => {
        for (const account of accounts(user)) {
          await admin.query(`CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ?`, [password])
          await admin.query(`ALTER USER ${account} IDENTIFIED BY ? WITH MAX_USER_CONNECTIONS ${connectionsMax} ACCOUNT UNLOCK`, [
            password,
          ])
          await admin.query(grant(account, schema))
        }
      }),
    createOwner: ({ user, schema }) =>
      withAdmin(async (admin) => {
        const account = `'${plainName(user)}'@'localhost'`
        const nobodysPassword = randomBytes(32).toString('base64')
        await admin.query(`CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ? ACCOUNT LOCK`, [nobodysPassword])
        await admin.query(grant(account, schema))
      }),
    lockAccount: (user) => run(...accounts(user).map((account) => `ALTER USER ${account} ACCOUNT LOCK`)),
    unlockAccount: (user) => run(...accounts(user).map((account) => `ALTER USER ${account} ACCOUNT UNLOCK`)),
    killConnections,
    async dropAccount(user) {
      const every = new Set([...accounts(user), `'${plainName(user)}'@'localhost'`])
      await run(...[...every].map((account) => `DROP USER IF EXISTS ${account}`))
      await killConnections(user)
    },
    listOwn: (prefixes) =>
      withAdmin(async (admin) => {
        const isOwn = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix))
        const schemas = await admin.query('SELECT schema_name AS name FROM information_schema.schemata')
        const users = await admin.query('SELECT DISTINCT User AS name FROM mysql.user')
        return { schemas: namesOf(schemas).filter(isOwn), accounts: namesOf(users).filter(isOwn) }
      }),
    grantsOf: (user) =>
      withAdmin(async (admin) => {
        const grants = await Promise.all(accounts(user).map((account) => admin.query(`SHOW GRANTS FOR ${account}`)))
        return grants.flat().map((row) => String(Object.values(row)[0]))
      }),
  }
}

async function describeServer(admin: MysqlAdmin): Promise<Pick<MysqlHome, 'family' | 'version'> & { literalNames: boolean }> {
  const [row] = await admin.query('SELECT VERSION() AS version')
  const version = String(row?.['version'])
  if (/mariadb/i.test(version)) return { family: 'mariadb', version, literalNames: false }
  const [partial] = await admin.query("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")
  return { family: 'mysql', version, literalNames: partial?.['Value'] === 'ON' }
}

/** Persistent connections outlive a lock, so each is killed; a new one may slip in only where the account is not locked. */
async function killAll(admin: MysqlAdmin, user: string): Promise<void> {
  for (const deadline = performance.now() + killPatienceMs; ; await sleep(10)) {
    const rows = await admin.query('SELECT id FROM information_schema.processlist WHERE user = ?', [user])
    if (rows.length === 0) return
    if (performance.now() > deadline)
      throw new Failure('DATABASE_BUSY', `Cannot end the connections of "${user}": ${rows.length} are still there`, {
        retry: 'later',
      })
    for (const { id } of rows) {
      await admin.query(`KILL ${Number(id)}`).catch((error: unknown) => {
        if (mysqlErrno(error) !== 1094) throw error // it has ended meanwhile
      })
    }
  }
}

function namesOf(rows: Record<string, unknown>[]): string[] {
  return rows.map((row) => String(row['name'] ?? row['NAME']))
}

/** Names are made by Cairn: anything else is a mistake of ours, and never reaches a statement. */
function plainName(name: string): string {
  if (!/^[a-z0-9_]{1,32}$/.test(name)) throw new Error(`"${name}" is no name of a schema or an account of ours`)
  return name
}
