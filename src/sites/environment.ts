import type { Ulid } from '../base/ids.ts'
import type { Framework } from '../contract/words.ts'
import type { AdminCredentials, DatabaseCredentials } from './credentials.ts'
import type { FurtherFiles } from './frameworks/facts.ts'
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
  createdAt: Date
}
