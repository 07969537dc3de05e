import { basename } from 'node:path'
import { Failure } from '../base/failure.ts'
import { nearest } from '../base/nearest.ts'
import type { BackupElementView, BackupView } from '../contract/schemas.ts'
import type { WorkflowView } from '../contract/workSchemas.ts'
import type { Element } from '../contract/words.ts'
import { path } from './client.ts'
import type { Context } from './context.ts'
import { type EnvironmentName, isId, readEnvironment } from './inputs.ts'

export interface Picked {
  backup: BackupView
  environment: EnvironmentName
  /** The element that `--file` named; null when a backup was named by its id, or not at all */
  named: Element | null
}

export interface Listed {
  backups: BackupView[]
  unfinished: WorkflowView[]
}

export interface PickOptions {
  /** A file name as `backup:list` shows it, or an id; the latest backup when left out */
  file: string | undefined
  /** What the latest must hold */
  element?: Element | undefined
  /** Expired and deleted ones too */
  hidden?: boolean
}

/** The backups of an environment, the newest first, and those that wait, run or failed lately: they hold nothing to restore. */
export async function listBackups(context: Context, environment: EnvironmentName, hidden = false): Promise<Listed> {
  const where = path`/v1/sites/${environment.site}/environments/${environment.environment}/backups`
  const { backups, unfinished } = await context.client.get<Listed>(where, hidden ? { all: true } : {})
  return { backups: backups.toSorted((a, b) => Date.parse(b.momentAt) - Date.parse(a.momentAt)), unfinished }
}

/**
 * The backup that SITE.ENV and `--file` mean, or that an id names.
 *
 * @throws {Failure} BACKUP_NOT_FOUND with the nearest file name
 */
export async function pickBackup(context: Context, subject: string | undefined, options: PickOptions): Promise<Picked> {
  if (subject !== undefined && isId(subject)) {
    const backup = await context.client.get<BackupView>(path`/v1/backups/${subject}`)
    const { site, environment } = backup
    return { backup, environment: { site, environment, text: `${site}.${environment}` }, named: null }
  }
  const environment = readEnvironment(subject, context.terminal.env)
  const { backups } = await listBackups(context, environment, options.hidden)
  if (options.file === undefined) return { backup: latest(backups, environment, options.element), environment, named: null }
  const wanted = basename(options.file)
  for (const backup of backups) {
    if (backup.id === wanted) return { backup, environment, named: null }
    const found = backup.elements.find(({ fileName }) => fileName === wanted)
    if (found !== undefined) return { backup, environment, named: found.element }
  }
  if (isId(wanted)) await refuseById(context, wanted, environment)
  const near = nearest(
    wanted,
    backups.flatMap(({ elements }) => elements.map(({ fileName }) => fileName)),
  )
  throw new Failure('BACKUP_NOT_FOUND', `Cannot find "${wanted}": ${environment.text} has no backup with this file`, {
    hint: near === null ? `"cairn backup:list ${environment.text}" shows what is there` : `Did you mean "${near}"?`,
  })
}

/** @throws {Failure} ELEMENT_MISSING */
export function elementOf(backup: BackupView, element: Element): BackupElementView {
  const found = backup.elements.find((candidate) => candidate.element === element)
  if (found !== undefined) return found
  throw new Failure('ELEMENT_MISSING', `Cannot use ${element} of backup ${backup.id}: it was taken without it`, {
    hint: `It holds: ${backup.elements.map((held) => held.element).join(', ')}`,
  })
}

/** The server knows more of an id: that its backup is still being made, failed, or belongs elsewhere. */
async function refuseById(context: Context, id: string, environment: EnvironmentName): Promise<never> {
  const { site, environment: name } = await context.client.get<BackupView>(path`/v1/backups/${id}`)
  throw new Failure(
    'BACKUP_NOT_FOUND',
    `Cannot use backup "${id}" here: it belongs to ${site}.${name}, not to ${environment.text}`,
    {
      hint: `"cairn backup:list ${environment.text} --all" shows what is there`,
    },
  )
}

/**
 * A damaged backup is never offered, and a safety backup only by its name: it holds what the last restore replaced, mostly the
 * broken site that somebody wanted to get away from.
 */
function latest(backups: BackupView[], environment: EnvironmentName, element: Element | undefined): BackupView {
  const found = backups.find(
    ({ state, trigger, elements }) =>
      state !== 'damaged' && trigger !== 'safety' && (element === undefined || elements.some((held) => held.element === element)),
  )
  if (found !== undefined) return found
  const what = element === undefined ? 'backup' : `backup with ${element}`
  throw new Failure('BACKUP_NOT_FOUND', `Cannot find a ${what}: ${environment.text} has none`, {
    hint: `"cairn backup:create ${environment.text}" takes one`,
  })
}
