import type { ColumnType, GeneratedAlways, Selectable } from 'kysely'
import type { FailureRecord } from '../base/failure.ts'
import type { Role, SiteRole } from '../contract/actions.ts'
import type { Actor, BackupState, Element, Progress, StepState, Trigger, Warning, WorkflowState } from '../contract/words.ts'
import type { DefaultJson, Json, NullableJson } from './json.ts'

/** Every table of the state database. Times are `Date`, bigint columns are numbers, bytea columns are `Buffer`. */
export interface StateTables {
  setting: SettingTable
  site: SiteTable
  environment: EnvironmentTable
  environment_uid: EnvironmentUidTable
  release: ReleaseTable
  pack: PackTable
  chunk: ChunkTable
  write_session: WriteSessionTable
  pin: PinTable
  backup: BackupTable
  workflow: WorkflowTable
  step: StepTable
  workflow_log: WorkflowLogTable
  person: PersonTable
  person_role: PersonRoleTable
  machine_token: MachineTokenTable
  machine_token_site: MachineTokenSiteTable
  session: SessionTable
  one_time_code: OneTimeCodeTable
  link: LinkTable
  audit: AuditTable
  undo: UndoTable
  upload: UploadTable
}

export type Row<Table extends keyof StateTables> = Selectable<StateTables[Table]>

type Facts = Record<string, unknown>
/** Null when an insert leaves it out. */
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>
/** The database fills it in when an insert leaves it out. */
type Filled<T> = ColumnType<T, T | undefined, T>

interface SettingTable {
  key: string
  value: Json<unknown>
}

interface SiteTable {
  name: string
  label: Optional<string>
  framework: string
  created_at: Filled<Date>
}

interface EnvironmentTable {
  id: string
  site: string
  name: string
  kind: string
  code_root: string
  docroot: string
  url: Optional<string>
  /** Of the address of a managed environment; no two have the same */
  host: Optional<string>
  facts: DefaultJson<Facts>
  /** Sealed with base/seal */
  secrets: Optional<Buffer>
  created_at: Filled<Date>
}

/** Every number that an environment of ours ever had. Never deleted: a number is handed out once. */
interface EnvironmentUidTable {
  uid: number
  environment_id: string
  taken_at: Filled<Date>
}

/**
 * preparing: made aside, nothing of it runs; ready: prepared and verified; current: served; kept: was current and can be again;
 * dropped: what it had for itself is gone or going.
 */
export type ReleaseState = 'preparing' | 'ready' | 'current' | 'kept' | 'dropped'

/** Where a release comes from: for people, and for whoever cleans up behind a workflow that will not go on. */
export interface ReleaseOrigin {
  workflow: string | null
  backup: string | null
  /** One phrase: "restored code and database" */
  what: string
  /** Of a schema that it shares with the one before */
  emptiedCaches?: boolean
}

interface ReleaseTable {
  environment_id: string
  /** Counts up within its environment, and is never used again */
  number: number
  state: ReleaseState
  code_commit: Optional<string>
  framework: string
  /** Relative to the code, '' for the code itself */
  docroot: string
  files_id: string
  schema: string
  account: string
  /** Sealed with base/seal */
  secrets: Buffer
  origin: Json<ReleaseOrigin>
  /** What was current when this one became so for the first time: where an undo goes */
  previous: Optional<number>
  created_at: Filled<Date>
  /** When it became current for the last time */
  current_at: Optional<Date>
  keep_until: Optional<Date>
}

interface PackTable {
  id: GeneratedAlways<number>
  name: string
  state: Filled<'live' | 'condemned' | 'deleted' | 'missing'>
  created_at: Filled<Date>
  condemned_at: Optional<Date>
  length_bytes: number
  sha256: Buffer
}

interface ChunkTable {
  id: Buffer
  enc_mac: Buffer
  pack_id: number
  off: number
  stored_len: number
}

interface WriteSessionTable {
  id: string
  instance: string
  started_at: Filled<Date>
  lease_until: Date
}

interface PinTable {
  session_id: string
  pack_id: number
}

/** One element of a backup, as the backup object in the repository has it. */
export interface BackupElement {
  /** The packed reference to the manifest, 76 bytes in hex */
  manifest: string
  archiveLength: number
  rawBytes: number
  entryCount: number
  momentAt: string
  etag: string
  [fact: string]: unknown
}

/** What the read-back of one element found. */
export interface ElementProof {
  sha256: string
  provenAt: string
  [fact: string]: unknown
}

interface BackupTable {
  id: string
  seq: GeneratedAlways<number>
  environment_id: string
  site: string
  environment: string
  trigger: Trigger
  actor: Json<Actor>
  state: BackupState
  moment_at: Date
  created_at: Filled<Date>
  expires_at: Optional<Date>
  locked: Filled<boolean>
  note: Optional<string>
  deleted_at: Optional<Date>
  elements: Json<Partial<Record<Element, BackupElement>>>
  warnings: DefaultJson<Warning[]>
  facts: DefaultJson<Facts>
  proof: NullableJson<Partial<Record<Element, ElementProof>>>
  workflow_id: Optional<string>
  /** What its archives take, added up by the database */
  archive_bytes: GeneratedAlways<number>
}

/** The process that runs a workflow, told so that another process of the same machine can find it. */
export interface Holder {
  pid: number
  /** Clock ticks since boot at which the process began: with the pid it names one process */
  startTicks: string
  bootId: string
  /** Pids mean something only within it */
  pidNamespace: string
  /** Which directory its locks stand in */
  locks: string
}

interface WorkflowTable {
  id: string
  seq: GeneratedAlways<number>
  kind: string
  version: Filled<number>
  site: Optional<string>
  environment: Optional<string>
  environment_ids: Filled<string[]>
  /** Takes its environments for itself */
  changes: Filled<boolean>
  actor: Json<Actor>
  input: Json<unknown>
  dedupe_key: Optional<string>
  state: Filled<WorkflowState>
  /** Fences every write of a run: each taking of the workflow raises it */
  attempt: Filled<number>
  /** Raised by every visible change of the workflow or its steps */
  revision: Filled<number>
  instance: Optional<string>
  holder: NullableJson<Holder>
  beat_at: Optional<Date>
  cancel_requested: Filled<boolean>
  cancellable: Filled<boolean>
  result: NullableJson<unknown>
  failure: NullableJson<FailureRecord>
  warnings: DefaultJson<Warning[]>
  created_at: Filled<Date>
  started_at: Optional<Date>
  finished_at: Optional<Date>
}

interface StepTable {
  workflow_id: string
  position: number
  name: string
  state: StepState
  attempt: number
  progress: NullableJson<Progress>
  /** Null is also what a finished step without an output has */
  output: NullableJson<unknown>
  failure: NullableJson<FailureRecord>
  started_at: Optional<Date>
  finished_at: Optional<Date>
}

interface WorkflowLogTable {
  id: GeneratedAlways<number>
  workflow_id: string
  at: Filled<Date>
  level: 'info' | 'warn' | 'error'
  message: string
}

interface PersonTable {
  id: string
  /** Lower case; what a person logs in with */
  email: string
  name: string
  /** Over all sites and the installation itself */
  role: Optional<Role>
  /** Of the IANA data base */
  time_zone: Optional<string>
  /** Argon2id in its own notation, with its parameters and salt; null where none was chosen yet */
  password: Optional<string>
  password_at: Optional<Date>
  last_seen_at: Optional<Date>
  created_at: Filled<Date>
}

/** Roles on single sites. They go with the person, and with the site. */
interface PersonRoleTable {
  person_id: string
  site: string
  role: SiteRole
}

interface MachineTokenTable {
  id: string
  person_id: string
  name: string
  secret_hash: Buffer
  created_at: Filled<Date>
  last_used_at: Optional<Date>
  last_address: Optional<string>
  revoked_at: Optional<Date>
  expires_at: Optional<Date>
  /** To those of machine_token_site, which may be none any more; else all that its person has */
  limited_to_sites: Filled<boolean>
  /** What it is limited to; null for all that its person may */
  actions: Optional<string[]>
  /** Of the server's own user: it stands in the data directory, and whoever may read that may do everything */
  of_server: Filled<boolean>
}

/** The sites that a token is limited to. They go with the token, and with the site. */
interface MachineTokenSiteTable {
  token_id: string
  site: string
}

/** A browser that is logged in. */
interface SessionTable {
  id: string
  person_id: string
  secret_hash: Buffer
  /** The secret before the last rotation, good for requests that were under way */
  previous_hash: Optional<Buffer>
  previous_until: Optional<Date>
  /** The next request gets a new secret: rights have changed */
  rotate: Filled<boolean>
  created_at: Filled<Date>
  last_used_at: Filled<Date>
  /** Whatever happens in it, it ends then */
  expires_at: Date
  address: Optional<string>
  client: Optional<string>
}

interface OneTimeCodeTable {
  id: string
  purpose: 'setup' | 'invitation' | 'reset' | 'login'
  person_id: string
  code_hash: Buffer
  created_at: Filled<Date>
  expires_at: Date
  used_at: Optional<Date>
}

interface LinkTable {
  id: string
  token_hash: Buffer
  backup_id: string
  element: Element
  file_name: string
  life_seconds: number
  expires_at: Date
  revoked_at: Optional<Date>
  actor: Json<Actor>
  created_at: Filled<Date>
}

interface AuditTable {
  id: GeneratedAlways<number>
  at: Filled<Date>
  actor: Json<Actor>
  action: string
  /** In words; the three below are the same in parts */
  subject: Optional<string>
  site: Optional<string>
  environment: Optional<string>
  object: Optional<string>
  result: string
  address: Optional<string>
  details: DefaultJson<Facts>
}

interface UndoTable {
  id: string
  environment_id: string
  workflow_id: string
  backup_id: Optional<string>
  safety_backup_id: Optional<string>
  state: Filled<'ready' | 'undone' | 'dropped'>
  plan: Json<unknown>
  created_at: Filled<Date>
  keep_until: Optional<Date>
}

/** A file in the intake directory, sent by a client or fetched from an address, until a workflow has used it. */
interface UploadTable {
  id: string
  way: 'upload' | 'url'
  actor: Json<Actor>
  file_name: string
  /** As declared, or as the other server says; null while nobody knows */
  size_bytes: Optional<number>
  /** Bytes that are durable on disk */
  offset_bytes: Filled<number>
  /** As the client told it */
  declared_sha256: Optional<Buffer>
  /** Of the bytes on disk, once all are there */
  sha256: Optional<Buffer>
  /** Of a fetched file: what `If-Range` takes */
  validator: Optional<string>
  state: Filled<'receiving' | 'received' | 'ready'>
  /** The workflow that uses it */
  held_by: Optional<string>
  created_at: Filled<Date>
  expires_at: Date
}
