import type { FastifyBaseLogger } from 'fastify'
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
import type { Actor, WorkflowState } from '../contract/words.ts'
import type { KeyExport, LogLine, Started, WorkflowView } from '../contract/workSchemas.ts'

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
  work: WorkDesk
  key: KeyDesk
  limits?: Partial<ApiLimits>
}

export interface ApiLimits {
  /** From one address */
  requestsPerMinute: number
  /** How long a client may take nothing of a download */
  stallMs: number
  /** How often a waiting client's workflow is looked at */
  pollMs: number
}

export interface Place {
  site: string
  environment: string
}

export interface SiteDesk {
  detect(input: DetectInput): Promise<Detection>
  attach(place: Place, input: AttachInput, actor: Actor): Promise<Attached>
  listSites(): Promise<SiteView[]>
  /** @throws {Failure} SITE_NOT_FOUND */
  findSite(site: string): Promise<SiteView>
  /** @throws {Failure} SITE_NOT_FOUND */
  listEnvironments(site: string): Promise<EnvironmentView[]>
  /** @throws {Failure} SITE_NOT_FOUND, ENVIRONMENT_NOT_FOUND */
  findEnvironment(place: Place, options: { preflight: boolean }): Promise<EnvironmentView>
}

/** Starts workflows; what cannot start is refused before there is one. */
export interface Journeys {
  backup(place: Place, input: BackupCreateInput, actor: Actor): Promise<Started>
  restore(place: Place, input: RestoreInput, actor: Actor): Promise<Started>
  previewRestore(place: Place, input: RestoreInput, actor: Actor): Promise<RestorePlan>
  undo(place: Place, actor: Actor): Promise<Started>
}

export interface WorkFilter {
  site?: string
  environment?: string
  state?: WorkflowState
  limit: number
}

/** Looks at workflows. `find` gives null for an unknown id. */
export interface WorkDesk {
  /** Newest first */
  list(filter: WorkFilter): Promise<WorkflowView[]>
  find(id: string): Promise<WorkflowView | null>
  /** Rises with every visible change; null for an unknown id. Cheap. */
  revision(id: string): Promise<number | null>
  log(id: string): Promise<LogLine[]>
  /** @throws {Failure} WORKFLOW_PAST_CANCEL */
  cancel(id: string, options: { force: boolean }): Promise<void>
}

export interface KeyDesk {
  exported(): Promise<boolean>
  /** Gives the key out and remembers that it was */
  export(): Promise<KeyExport>
}
