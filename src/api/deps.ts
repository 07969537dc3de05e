import type { FastifyBaseLogger } from 'fastify'
import type { SessionLimits } from '../access/sessions.ts'
import type { Throttle } from '../access/throttle.ts'
import type { BackupStore } from '../backups/catalogue.ts'
import type {
  Attached,
  AttachInput,
  BackupCreateInput,
  DetectInput,
  Detection,
  EnvironmentView,
  RestoreInput,
  RestorePlan,
  SiteView,
} from '../contract/schemas.ts'
import type {
  AddEnvironmentInput,
  CloneInput,
  CodeLog,
  CodeLogQuery,
  CreateSiteInput,
  DeployInput,
  EnvironmentSettings,
  ImportInput,
  SearchReplaceInput,
  WebserverView,
} from '../contract/managedSchemas.ts'
import type { InstallationSettings, SettingsChange } from '../contract/settingsSchemas.ts'
import type { Actor } from '../contract/words.ts'
import type { KeyExport } from '../contract/workSchemas.ts'
import type { RefChange } from '../git/httpBackend.ts'
import type { SiteRepository } from '../git/siteRepository.ts'
import type { UploadDesk } from '../intake/uploads/desk.ts'
import type { Queue } from '../queue/queue.ts'
import type { WorkflowRecord } from '../queue/records.ts'

/** All that the interface needs from the rest; `server` puts it together. */
export interface ApiDeps {
  version: string
  instance: string
  /** What links begin with, without a slash at the end; asked anew for each link */
  publicUrl(): string
  /** Addresses of proxies whose `X-Forwarded-For` is believed; false for none */
  trustProxy: boolean | string | string[]
  log: FastifyBaseLogger | null
  store: BackupStore
  sites: SiteDesk
  journeys: Journeys
  queue: Pick<Queue, 'get' | 'list' | 'steps' | 'stepsOf' | 'log' | 'cancel' | 'waitForChange' | 'onChange'>
  key: KeyDesk
  settings: SettingsDesk
  uploads: UploadDesk
  git: GitDesk
  /** Where the built dashboard is, and the documentation that it shows; none is served when left out */
  dashboard?: { files: string; docs: string }
  limits?: Partial<ApiLimits>
  /** What slows down who guesses passwords; one of its own when left out */
  throttle?: Throttle
}

export interface ApiLimits {
  /** From one address */
  requestsPerMinute: number
  /** How long a client may take nothing of a download */
  stallMs: number
  sessions: SessionLimits
}

export interface Place {
  site: string
  environment: string
}

export interface SiteDesk {
  detect(input: DetectInput): Promise<Detection>
  attach(place: Place, input: AttachInput, actor: Actor): Promise<Attached>
  /**
   * Forgets an attached environment, and its site with the last one; its directory, its database and its backups stay.
   *
   * @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND, WORKFLOW_BUSY, PREFLIGHT_REFUSED for a managed one, or while an
   * undo set is kept: `journeys.detach` deletes it first
   */
  detach(place: Place): Promise<void>
  listSites(): Promise<SiteView[]>
  /** @throws {Failure} SITE_NOT_FOUND */
  findSite(site: string): Promise<SiteView>
  /** @throws {Failure} SITE_NOT_FOUND */
  listEnvironments(site: string): Promise<EnvironmentView[]>
  /** @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND */
  findEnvironment(place: Place, options: { preflight: boolean }): Promise<EnvironmentView>
  /** @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND, PREFLIGHT_REFUSED for an attached or an empty one */
  webserverConfig(place: Place): Promise<WebserverView>
  /** @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND, PREFLIGHT_REFUSED for an attached one: it has no history here */
  codeLog(place: Place, query: CodeLogQuery): Promise<CodeLog>
}

export interface Enqueued {
  workflow: WorkflowRecord
  /** The same was asked for before and still runs */
  existing: boolean
}

/** Starts workflows; what cannot start is refused before there is one. */
export interface Journeys extends ManagedJourneys {
  backup(place: Place, input: BackupCreateInput, actor: Actor): Promise<Enqueued>
  restore(place: Place, input: RestoreInput, actor: Actor): Promise<Enqueued>
  previewRestore(place: Place, input: RestoreInput, actor: Actor): Promise<RestorePlan>
  undo(place: Place, actor: Actor): Promise<Enqueued>
  /** Deletes the undo sets of an attached environment, and forgets it. @throws {Failure} as `SiteDesk.detach`, but for undo sets */
  detach(place: Place, actor: Actor): Promise<Enqueued>
}

/** Those of managed sites. Whether a live environment was confirmed is asked before. */
export interface ManagedJourneys {
  /** Refuses what `createSite` would, and makes nothing */
  checkSite(input: CreateSiteInput, actor: Actor): Promise<void>
  createSite(input: CreateSiteInput, actor: Actor): Promise<Enqueued>
  addEnvironment(input: { site: string } & AddEnvironmentInput, actor: Actor): Promise<Enqueued>
  deleteEnvironment(place: Place & { givesUpLastBackup?: boolean }, actor: Actor): Promise<Enqueued>
  deleteSite(input: { site: string; givesUpLastBackup?: boolean }, actor: Actor): Promise<Enqueued>
  importElement(place: Place, input: Omit<ImportInput, 'confirm'>, actor: Actor): Promise<Enqueued>
  clone(from: Place, to: Place, input: Pick<CloneInput, 'elements' | 'replaceAddresses'>, actor: Actor): Promise<Enqueued>
  deploy(place: Place, input: Omit<DeployInput, 'confirm'>, actor: Actor): Promise<Enqueued>
  wipe(place: Place, actor: Actor): Promise<Enqueued>
  searchReplace(place: Place, input: Omit<SearchReplaceInput, 'confirm'>, actor: Actor): Promise<Enqueued>
  revertCode(place: Place, commit: string, actor: Actor): Promise<Enqueued>
  changeSettings(place: Place, input: Omit<EnvironmentSettings, 'confirm'>, actor: Actor): Promise<Enqueued>
  resetCode(place: Place, commit: string, actor: Actor): Promise<Enqueued>
}

export interface KeyDesk {
  exported(): Promise<boolean>
  /** Gives the key out and remembers that it was */
  export(): Promise<KeyExport>
}

export interface SettingsDesk {
  read(): Promise<InstallationSettings>
  change(change: SettingsChange): Promise<InstallationSettings>
}

export interface GitDesk {
  /** Null where there is no managed site of this name */
  find(site: string): Promise<{ repository: SiteRepository; allowForce: boolean } | null>
  /** Told what a push has changed; it stands, whether this fails or not */
  pushed(site: string, changes: RefChange[], actor: Actor): Promise<void>
}
