/** The words of the glossary that cross HTTP, as unions; one list each, so that schemas and switches agree. */

export const elements = ['code', 'files', 'database'] as const
export type Element = (typeof elements)[number]

export const frameworks = ['wordpress', 'wordpress_network', 'drupal7', 'drupal8', 'backdrop'] as const
export type Framework = (typeof frameworks)[number]

/** How a connection to a database is encrypted: required is whatever certificate comes, verified is one that is checked. */
export const tlsModes = ['required', 'verified'] as const
export type TlsMode = (typeof tlsModes)[number]

export const triggers = ['manual', 'automatic', 'safety'] as const
export type Trigger = (typeof triggers)[number]

/** captured: committed, not yet read back; proven: read back whole; damaged: the proof failed, never offered. */
export const backupStates = ['captured', 'proven', 'damaged'] as const
export type BackupState = (typeof backupStates)[number]

export const workflowStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type WorkflowState = (typeof workflowStates)[number]

export const stepStates = ['waiting', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type StepState = (typeof stepStates)[number]

export const workflowKinds = [
  ...['backup', 'restore', 'undo', 'expire', 'detach'],
  ...['create_site', 'add_environment', 'delete_environment', 'delete_site'],
  ...['import', 'revert_code', 'reset_code', 'clone', 'deploy', 'wipe', 'search_replace'],
  ...['follow_master', 'change_settings', 'look_at_archives'],
] as const
export type WorkflowKind = (typeof workflowKinds)[number]

/** Who asked. `id` is a person's e-mail address, a token's id or a schedule's name. */
export interface Actor {
  kind: 'person' | 'token' | 'schedule' | 'system'
  id: string
  name: string
}

export interface Progress {
  doneBytes: number
  totalBytes: number | null
  doneItems: number
  totalItems: number | null
  /** What is being worked on now, one short phrase */
  note: string | null
}

export interface Warning {
  code: string
  element: Element | null
  message: string
  path: string | null
}

/** The longest that a link may be good, days */
export const linkLifeMaxDays = 30
