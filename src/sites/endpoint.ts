import { existsSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import type { DatabaseCredentials } from './credentials.ts'

export type Endpoint = { socket: string } | { host: string; port: number }

/** Where PHP's and the client programs' built-in socket paths point, in this order. */
const usualSockets = ['/run/mysqld/mysqld.sock', '/var/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock', '/tmp/mysql.sock']

/** Where the credentials lead: PHP takes the socket for an empty host and for `localhost`; without one, 127.0.0.1. */
export function endpointOf({ socket, host, port }: DatabaseCredentials): Endpoint {
  if (socket !== null) return { socket }
  if (host === null || host === '' || host === 'localhost') {
    const usual = port === null || port === 3306 ? usualSockets.find((path) => existsSync(path)) : undefined
    return usual === undefined ? { host: '127.0.0.1', port: port ?? 3306 } : { socket: usual }
  }
  return { host, port: port ?? 3306 }
}

/** What the driver is told about encryption. As with PHP, the machine's own list of authorities counts. */
export function tlsOf(credentials: DatabaseCredentials): {
  ssl?: { rejectUnauthorized: boolean; verifyIdentity: boolean; ca: string[] }
} {
  if (credentials.tls === undefined || 'socket' in endpointOf(credentials)) return {}
  const verified = credentials.tls === 'verified'
  const ca = verified ? [...getCACertificates('default'), ...getCACertificates('system')] : []
  return { ssl: { rejectUnauthorized: verified, verifyIdentity: verified, ca } }
}
