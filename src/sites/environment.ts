import type { Ulid } from '../base/ids.ts'
import type { Framework } from '../contract/words.ts'
import type { AdminCredentials, DatabaseCredentials } from './credentials.ts'
import type { EnvironmentName, SiteName } from './names.ts'

/**
 * One running copy of a site, somebody else's directories and database, as it was found and confirmed when it was attached.
 * Paths are absolute and as they were given: a link among them (`current -> releases/7`) is resolved when it is used.
 */
export interface Environment {
  id: Ulid
  site: SiteName
  name: EnvironmentName
  kind: 'attached'
  framework: Framework
  version: string | null
  /** What the code element holds */
  codeRoot: string
  /** What the web server serves: the code root or inside it */
  docroot: string
  /** Where WordPress's own code stands: the docroot or inside it; `.maintenance` goes here */
  coreDirectory: string
  contentDirectory: string
  filesDirectory: string
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
  createdAt: Date
}
