import { createHash } from 'node:crypto'
import type { Intake } from '../../intake/intake.ts'
import type { Names } from '../../releases/managed/names.ts'
import type { Releases } from '../../releases/managed/records.ts'
import type { MysqlHome, PhpRuntime } from '../../runtime/types.ts'

/** Where managed sites live. Nothing runs for them before the first one is wanted. */
export interface ManagedHome {
  /** `<data>/sites` */
  sitesDirectory: string
  intake: Intake
  names: Names
  releases: Releases
  /** How many releases beside the current one are kept */
  keepReleases: number
  /** For what a workflow's input must not show, such as an address with a signature in it */
  sealed: { close(text: string): string; open(sealed: string): string }
  /** URLs may lead to private networks and to this machine */
  fetchPrivate: boolean
  /** What links of this Cairn begin with */
  ownAddresses(): string[]
  /**
   * Starts the database server, PHP and the gateway, once.
   *
   * @throws {Failure} RUNTIME_OFF without a database server, MYSQL_HOME
   */
  open(): Promise<OpenHome>
}

export interface OpenHome {
  mysql: MysqlHome
  /** Null where no PHP runs, because Cairn is not root or there is no PHP-FPM */
  php: PhpRuntime | null
  /** Where the gateway shows an environment */
  addressOf(site: string, environment: string): string
}

/** Code for other hosts wants a UUID of its site: the same for the same site of this installation. */
export function siteUuid({ names }: Pick<ManagedHome, 'names'>, site: string): string {
  const hex = createHash('sha256').update(`${names.prefixes[0]} ${site}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
