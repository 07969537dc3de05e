import type { BackupElementView, BackupView, Check, DatabaseView, EnvironmentView, Preflight } from '../contract/schemas.ts'
import type { StepView, WorkflowView } from '../contract/workSchemas.ts'
import type { FailureRecord } from '../base/failure.ts'
import type { Warning } from '../contract/words.ts'
import { durationText, safeText, timeText } from './output/human.ts'
import type { Column, Row } from './output/data.ts'

/** Backups are listed as the archives that a person can download: one row an element. */
export const archiveColumns: Column[] = [
  { name: 'fileName', title: 'File' },
  { name: 'sizeBytes', title: 'Size', look: 'size' },
  { name: 'date', title: 'Date', look: 'time' },
  { name: 'expiresAt', title: 'Expires', look: 'time' },
  { name: 'initiator', title: 'Initiator' },
  { name: 'state', title: 'State' },
  { name: 'element', title: 'Element', hidden: true },
  { name: 'backup', title: 'Backup', hidden: true },
  { name: 'environment', title: 'Environment', hidden: true },
  { name: 'trigger', title: 'Trigger', hidden: true },
  { name: 'locked', title: 'Locked', hidden: true },
  { name: 'note', title: 'Note', hidden: true },
  { name: 'sha256', title: 'SHA-256', hidden: true },
  { name: 'provenAt', title: 'Proven', look: 'time', hidden: true },
  { name: 'entryCount', title: 'Entries', hidden: true },
  { name: 'rawBytes', title: 'Content', look: 'size', hidden: true },
  { name: 'holdsSecrets', title: 'Holds credentials', hidden: true },
  { name: 'warnings', title: 'Warnings', hidden: true },
  { name: 'deletedAt', title: 'Deleted', look: 'time', hidden: true },
  { name: 'recallUntil', title: 'Recall until', look: 'time', hidden: true },
  { name: 'workflow', title: 'Workflow', hidden: true },
  { name: 'failure', title: 'Failure', hidden: true, show: failureLines },
]

/** A backup that waits, runs, failed or was cancelled: no archive, and so no file and no size, but a workflow that says why. */
export function unfinishedRow(workflow: WorkflowView): Row {
  const { id, site, environment, state, actor, createdAt, failure, warnings } = workflow
  const none = Object.fromEntries(archiveColumns.map(({ name }) => [name, null]))
  const known = { date: createdAt, initiator: actor.name, state, failure, workflow: id, warnings: warnings.length }
  return { ...none, ...known, environment: `${site}.${environment}` }
}

export function archiveRow(backup: BackupView, held: BackupElementView): Row {
  const { element, fileName, sizeBytes, sha256, provenAt, entryCount, rawBytes, holdsSecrets } = held
  const { trigger, locked, note, expiresAt, deletedAt, recallUntil } = backup
  return {
    fileName,
    sizeBytes,
    date: backup.momentAt,
    expiresAt,
    initiator: initiator(backup),
    state: shownState(backup),
    element,
    backup: backup.id,
    environment: `${backup.site}.${backup.environment}`,
    trigger,
    locked,
    note,
    sha256,
    provenAt,
    entryCount,
    rawBytes,
    holdsSecrets,
    deletedAt,
    recallUntil,
    workflow: backup.workflowId,
    failure: null,
    warnings: backup.warnings.length,
  }
}

export const backupColumns: Column[] = [
  { name: 'backup', title: 'Backup' },
  { name: 'environment', title: 'Environment' },
  { name: 'date', title: 'Date', look: 'time' },
  { name: 'state', title: 'State' },
  { name: 'initiator', title: 'Initiator' },
  { name: 'trigger', title: 'Trigger', hidden: true },
  { name: 'expiresAt', title: 'Expires', look: 'time' },
  { name: 'locked', title: 'Locked' },
  { name: 'note', title: 'Note' },
  { name: 'files', title: 'Archives', show: (files: string[]) => files.map(safeText).join('\n') },
  { name: 'sizeBytes', title: 'Size', look: 'size' },
  { name: 'elements', title: 'Elements', hidden: true },
  { name: 'warnings', title: 'Warnings', show: warningLines },
  { name: 'facts', title: 'Facts', hidden: true },
  { name: 'workflow', title: 'Workflow' },
  { name: 'deletedAt', title: 'Deleted', look: 'time', hidden: true },
  { name: 'recallUntil', title: 'Recall until', look: 'time', hidden: true },
]

export function backupRow(backup: BackupView): Row {
  const { trigger, expiresAt, locked, note, warnings, facts, elements, deletedAt, recallUntil } = backup
  return {
    backup: backup.id,
    environment: `${backup.site}.${backup.environment}`,
    date: backup.momentAt,
    state: shownState(backup),
    initiator: initiator(backup),
    files: elements.map(({ fileName }) => fileName),
    sizeBytes: elements.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    workflow: backup.workflowId,
    trigger,
    expiresAt,
    locked,
    note,
    warnings,
    facts,
    elements,
    deletedAt,
    recallUntil,
  }
}

export const workflowColumns: Column[] = [
  { name: 'id', title: 'Workflow' },
  { name: 'kind', title: 'Kind' },
  { name: 'target', title: 'Environment' },
  { name: 'state', title: 'State' },
  { name: 'initiator', title: 'Initiator' },
  { name: 'createdAt', title: 'Asked for', look: 'time' },
  { name: 'finishedAt', title: 'Ended', look: 'time' },
  { name: 'startedAt', title: 'Started', look: 'time', hidden: true },
  { name: 'cancellable', title: 'Can be cancelled', hidden: true },
  { name: 'cancelRequested', title: 'Cancel asked for', hidden: true },
  { name: 'steps', title: 'Steps', hidden: true, show: stepLines },
  { name: 'failure', title: 'Failure', hidden: true, show: failureLines },
  { name: 'warnings', title: 'Warnings', hidden: true, show: warningLines },
  { name: 'result', title: 'Result', hidden: true },
]

export function workflowRow(workflow: WorkflowView): Row {
  const { site, environment, actor } = workflow
  return {
    ...workflow,
    target: site === null ? null : environment === null ? site : `${site}.${environment}`,
    initiator: actor.name,
  }
}

export function databaseText(database: DatabaseView): string {
  const at = database.socket ?? `${database.host ?? 'localhost'}${database.port === null ? '' : `:${database.port}`}`
  return safeText(
    `${database.user}@${at}/${database.name}${database.tls == null ? '' : `, TLS ${database.tls}`}${database.passwordPresent ? '' : ' (no password found)'}`,
  )
}

function preflightLines(preflight: Preflight): string {
  return [preflight.mode, ...preflight.checks.map(checkLine)].map(safeText).join('\n')
}

export function checkLine({ ok, level, message }: Check): string {
  return `${ok ? 'ok' : level === 'info' ? '--' : level}  ${message}`
}

function shownState(backup: BackupView): string {
  if (backup.deletedAt !== null) return 'deleted'
  if (backup.recallUntil !== null) return 'expired'
  return backup.locked ? `${backup.state}, locked` : backup.state
}

function initiator(backup: BackupView): string {
  return backup.trigger === 'manual' ? backup.actor.name : `${backup.actor.name} (${backup.trigger})`
}

function warningLines(warnings: Warning[]): string {
  if (warnings.length === 0) return '-'
  const shown = warnings.slice(0, 20).map(({ message }) => safeText(message))
  return [...shown, ...(warnings.length > 20 ? [`and ${warnings.length - 20} more, see --format=json`] : [])].join('\n')
}

function stepLines(steps: StepView[]): string {
  return steps.length === 0 ? '-' : steps.map((step) => safeText(stepLine(step))).join('\n')
}

function stepLine({ name, state, startedAt, finishedAt }: StepView): string {
  if (startedAt === null || finishedAt === null) return `${name}: ${state}`
  return `${name}: ${state} (${durationText(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000)})`
}

function failureLines(failure: FailureRecord): string {
  return [`${failure.message} (${failure.code})`, ...(failure.hint === null ? [] : [failure.hint])].map(safeText).join('\n')
}

export const environmentColumns: Column[] = [
  { name: 'environment', title: 'Environment' },
  { name: 'kind', title: 'Kind' },
  { name: 'framework', title: 'Framework' },
  { name: 'version', title: 'Version' },
  { name: 'url', title: 'Address' },
  { name: 'release', title: 'Release' },
  { name: 'commit', title: 'Commit', show: (commit: string) => commit.slice(0, 12) },
  { name: 'codeRoot', title: 'Code' },
  { name: 'docroot', title: 'Docroot' },
  { name: 'filesDirectory', title: 'Files' },
  { name: 'configFiles', title: 'Configuration', show: (files: string[]) => files.map(safeText).join('\n') || '-' },
  { name: 'database', title: 'Database', show: databaseText },
  { name: 'adminDatabase', title: 'Administrator account' },
  {
    name: 'undo',
    title: 'Undo',
    show: undoText,
  },
  { name: 'preflight', title: 'Restore', show: preflightLines },
  { name: 'createdAt', title: 'Since', look: 'time' },
  { name: 'id', title: 'Id', hidden: true },
  { name: 'site', title: 'Site', hidden: true },
  { name: 'name', title: 'Name', hidden: true },
]

function undoText({ state, restoredAt, keepUntil }: NonNullable<EnvironmentView['undo']>): string {
  const until = keepUntil === null ? '' : `, until ${timeText(keepUntil)}`
  const restore = `the change of ${timeText(restoredAt)}`
  return state === 'ready' ? `${restore} can be taken back${until}` : `${restore} was taken back, it can be done again${until}`
}

export function environmentRow(view: EnvironmentView): Row {
  const { release = null, commit = null } = view.managed ?? {}
  return { ...view, release, commit, environment: `${view.site}.${view.name}` }
}
