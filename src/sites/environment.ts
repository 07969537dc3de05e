import type { Ulid } from '../base/ids.ts'
import type { Framework } from '../contract/words.ts'
import type { AdminCredentials, DatabaseCredentials } from './credentials.ts'
import type { FurtherFiles } from './frameworks/facts.ts'
import type { EnvironmentName, SiteName } from './names.ts'

/**
 * One running copy of a site. Attached: somebody else's directories and database, as they were found and confirmed; paths are
 * absolute and as they were given: a link among them (`current -> releases/7`) is resolved when it is used. Managed: Cairn's
 * own, and everything here is of its current release: real paths, and that release's account.
 */
export interface Environment {
  id: Ulid
  site: SiteName
  name: EnvironmentName
  kind: 'attached' | 'managed'
  framework: Framework
  version: string | null
  /** What the code element holds */
  codeRoot: string
  /** What the web server serves: the code root or inside it */
  docroot: string
  /** Where the framework's own code stands: the docroot or inside it */
  coreDirectory: string
  /** WordPress's `wp-content`, Drupal's `sites/<directory>` */
  contentDirectory: string
  filesDirectory: string
  /** What else the files element holds: private files, configuration in files, `blogs.dir` */
  furtherFiles: FurtherFiles[]
  url: string | null
  database: DatabaseCredentials
  adminDatabase: AdminCredentials | null
  tablePrefix: string
  /** Every file that holds credentials or other configuration of this environment, absolute */
  configFiles: string[]
  /** The `wp-config.php` that stands above the code root, and so is in no archive */
  configAbove: string | null
  /** The command that reloads PHP, as arguments */
  phpReload: string[] | null
  /** Null for an attached one */
  managed: ManagedFacts | null
  createdAt: Date
}

export interface ManagedFacts {
  /** `<data>/sites/<site>/<env>`: absolute, no links in it */
  directory: string
  /** As whom its PHP runs; Cairn's own where Cairn is not root, and then no PHP runs */
  uid: number
  gid: number
  /** The current release; 0 while there was none: nothing can be read, served or backed up yet */
  release: number
  schema: string
  /** The workflow that is making it, or made it: nobody else fills it before its first release. Missing in older rows. */
  madeBy?: string | null
  /** What its code was exported from */
  commit: string | null
  /** What Cairn itself wrote into the code, relative to it: no part of the code element */
  derived: string[]
}

/** What a switch to another release changes of a managed environment. */
export type ReleaseFacts = Pick<
  Environment,
  | 'framework'
  | 'version'
  | 'codeRoot'
  | 'docroot'
  | 'coreDirectory'
  | 'contentDirectory'
  | 'filesDirectory'
  | 'furtherFiles'
  | 'database'
  | 'tablePrefix'
  | 'configFiles'
> &
  Pick<ManagedFacts, 'release' | 'schema' | 'commit' | 'derived'>
