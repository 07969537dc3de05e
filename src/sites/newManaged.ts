import { type Kysely, sql } from 'kysely'
import type { Ulid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import { guardCredentials } from './credentials.ts'
import type { Environment } from './environment.ts'
import { firstFree, readRanges, requireMapped } from './ownUids.ts'

type Start = Pick<Environment, 'id' | 'site' | 'name' | 'framework' | 'url'> & {
  directory: string
  madeBy: string | null
} & Identity

interface Identity {
  uid: number
  gid: number
}

/** A managed environment before its first release. */
export function notYet({ id, site, name, framework, url, directory, uid, gid, madeBy }: Start): Environment {
  return {
    ...{ id, site, name, framework, url },
    kind: 'managed',
    version: null,
    codeRoot: directory,
    docroot: directory,
    coreDirectory: directory,
    contentDirectory: directory,
    filesDirectory: directory,
    furtherFiles: [],
    database: guardCredentials({ host: null, port: null, socket: null, user: '', password: '', database: '' }),
    adminDatabase: null,
    tablePrefix: '',
    configFiles: [],
    configAbove: null,
    phpReload: null,
    managed: { directory, uid, gid, release: 0, schema: '', commit: null, madeBy, derived: [] },
    createdAt: new Date(),
  }
}

/** Where Cairn is not root everything is its own. */
export function ownIdentity(): Identity {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}

/**
 * A number, for user and group, that no environment ever had, no account of this machine has, and no container may take.
 *
 * @throws {Failure} RUNTIME_OFF inside a container that has no such number
 */
export async function takeIdentity(work: Kysely<StateTables>, environmentId: Ulid, base: number): Promise<Identity> {
  await sql`lock table environment_uid in exclusive mode`.execute(work)
  const { last } = await work
    .selectFrom('environment_uid')
    .select(({ fn }) => fn.max('uid').as('last'))
    .where('uid', '>=', base)
    .executeTakeFirstOrThrow()
  const uid = firstFree(last === null ? base : Number(last) + 1, readRanges())
  requireMapped(uid)
  await work.insertInto('environment_uid').values({ uid, environment_id: environmentId }).execute()
  return { uid, gid: uid }
}
