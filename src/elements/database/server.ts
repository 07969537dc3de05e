import type { Database } from './connect.ts'
import type { ServerKind } from './tokens.ts'

export interface ServerFacts extends ServerKind {
  /** As the server says it, e.g. `10.11.19-MariaDB-0+deb12u1` */
  version: string
}

export async function serverKind(database: Database): Promise<ServerFacts> {
  const [row] = await database.query('SELECT VERSION() AS version, @@version_comment AS comment')
  const version = String(row?.['version'] ?? '')
  const family = /mariadb/i.test(`${version} ${String(row?.['comment'] ?? '')}`) ? 'mariadb' : 'mysql'
  const [, major = '0', minor = '0', patch = '0'] = /(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, '')) ?? []
  return { family, version, versionNumber: Number(major) * 10_000 + Number(minor) * 100 + Number(patch) }
}
