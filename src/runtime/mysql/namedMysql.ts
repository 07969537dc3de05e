import { Failure } from '../../base/failure.ts'
import type { MysqlHome } from '../types.ts'
import { type AdminEndpoint, connectAdmin } from './admin.ts'
import { openHome } from './home.ts'

/**
 * A database server of the administrator's own: `mysql://user:password@host:3306/`, with `?socket=` for this machine's,
 * `?tls=required|verified`, and `?accounts=` for the hosts that the sites' accounts may come from (`%` unless the server is on
 * this machine).
 *
 * @throws {Failure} CONFIG_INVALID for an address that cannot be read, MYSQL_HOME, DATABASE_GRANTS when its account may not
 *   make schemas and accounts
 */
export async function connectNamedMysql(url: string): Promise<MysqlHome> {
  const { endpoint, accountHosts } = readAddress(url)
  await requireRights(endpoint)
  return openHome(endpoint, { accountHosts })
}

const local = ['127.0.0.1', 'localhost']

function readAddress(url: string): { endpoint: AdminEndpoint; accountHosts: readonly string[] } {
  const refuse = (what: string): never => {
    throw new Failure('CONFIG_INVALID', `Cannot use the address of the database server: ${what}`, {
      hint: 'Write mysql://USER:PASSWORD@HOST:3306/',
    })
  }
  const parsed = URL.canParse(url) ? new URL(url) : refuse('it is no address')
  if (parsed.protocol !== 'mysql:' && parsed.protocol !== 'mariadb:') refuse(`it begins with "${parsed.protocol}"`)
  if (parsed.username === '' || parsed.hostname === '') refuse('user and host are wanted')
  const tls = parsed.searchParams.get('tls')
  if (tls !== null && tls !== 'required' && tls !== 'verified') return refuse(`tls is "required" or "verified", not "${tls}"`)
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const hosts = parsed.searchParams.get('accounts')?.split(',') ?? (local.includes(host) ? local : ['%'])
  if (hosts.some((item) => !/^[A-Za-z0-9.:%/_-]{1,60}$/.test(item))) refuse('"accounts" holds no host names')
  return {
    endpoint: {
      host: host === 'localhost' ? '127.0.0.1' : host,
      port: parsed.port === '' ? 3306 : Number(parsed.port),
      socket: parsed.searchParams.get('socket'),
      user: decodeURIComponent(parsed.username),
      password: decodeURIComponent(parsed.password),
      tls,
    },
    accountHosts: hosts,
  }
}

async function requireRights(endpoint: AdminEndpoint): Promise<void> {
  const admin = await connectAdmin(endpoint)
  try {
    const grants = (await admin.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0]))
    const everywhere = grants.filter((grant) => / ON \*\.\* /.test(grant))
    const may = (right: RegExp): boolean => everywhere.some((grant) => right.test(grant))
    if (may(/GRANT ALL PRIVILEGES/) || (may(/CREATE USER/) && may(/CREATE[, ]/))) {
      if (may(/WITH GRANT OPTION/)) return
    }
    throw new Failure('DATABASE_GRANTS', `Cannot use the database server: "${endpoint.user}" may not make schemas and accounts`, {
      hint: `Run "GRANT ALL PRIVILEGES ON *.* TO '${endpoint.user}'@'…' WITH GRANT OPTION"`,
      retry: 'after-repair',
    })
  } finally {
    await admin.close()
  }
}
