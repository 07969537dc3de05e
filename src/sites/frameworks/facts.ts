import type { Framework, TlsMode } from '../../contract/words.ts'
import type { DatabaseCredentials } from '../credentials.ts'
import type { PhpEnvironment } from '../php/machine.ts'

/** Where a site stands, and what a person said about it. */
export interface SitePlace {
  codeRoot: string
  docroot: string
  /** Where the framework's own code stands: the docroot or inside it */
  coreDirectory: string
  environment: PhpEnvironment
  /** The site's address, if the person gave one: some configurations ask for the host name */
  url: string | null
  /** Of several sites on one Drupal the one that is meant, as `sites/example.com` or `example.com` */
  siteDirectory: string | null
}

/** What of the credentials is known; the rest has to be given. */
export interface FoundCredentials {
  place: Pick<DatabaseCredentials, 'host' | 'port' | 'socket'> | null
  user: string | null
  password: string | null
  database: string | null
  charset: string | null
  /** Left out: the configuration does not say */
  tls?: TlsMode | null
}

/** A directory beside the files directory that belongs to the files element, and its name there. */
export interface FurtherFiles {
  at: string
  /** Absolute */
  directory: string
}

/** What a site's own files say of it. What cannot be known is null, with a note that says why. */
export interface SiteFacts {
  framework: Framework
  /** WordPress's `wp-content`, Drupal's `sites/<directory>` */
  contentDirectory: string
  /** Null when it cannot be told without the database or at all */
  filesDirectory: string | null
  /** The configuration decides where files go: what the database says does not count */
  filesFixed: boolean
  privateFixed: boolean
  furtherFiles: FurtherFiles[]
  configFiles: string[]
  configAbove: string | null
  url: string | null
  tablePrefix: string | null
  credentials: FoundCredentials | null
  /** Why it cannot be attached; null when it can */
  refusal: string | null
  notes: string[]
}
