import type { FoundCredentials } from '../facts.ts'

/** What of a database's address is of another kind than MySQL and MariaDB. */
export const mysqlDrivers = new Set(['mysql', 'mysqli', 'mariadb', 'mysql2', 'pdo-mysql', 'pdo_mysql'])

export interface DatabaseUrl {
  driver: string
  credentials: FoundCredentials
}

/**
 * `mysql://user:password@host:port/name`, as in Backdrop's `$database`, in `DATABASE_URL` and in the `$db_url` of old. Every part
 * may be percent-encoded. Null for what is no such address.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | null {
  const found = /^([a-z][\w+-]*):\/\/([^/?#]*)\/([^?#]*)(?:\?(.*))?$/is.exec(text)
  if (found === null) return null
  const [, driver = '', authority = '', name = '', query = ''] = found
  const at = authority.lastIndexOf('@') // as PHP: an "@" of the password may stand as it is
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(0, at))) ?? []
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority.slice(at + 1)) ?? []
  const options = new URLSearchParams(query)
  return {
    driver: driver.toLowerCase(),
    credentials: {
      place: {
        host: host === '' ? null : decode(host).replace(/^\[|\]$/g, ''),
        port: port === undefined ? null : Number(port),
        socket: options.get('unix_socket') ?? options.get('socket'),
      },
      user: decode(user),
      password: decode(password),
      database: decode(name),
      charset: options.get('charset'),
    },
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a percent sign of the password itself, as PHP takes it
  }
}
