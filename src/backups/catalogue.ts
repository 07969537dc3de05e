import type { Kysely } from 'kysely'
import { Failure } from '../base/failure.ts'
import type { BackupObject, Repository } from '../repository/types.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import { archiveName, parseArchiveName } from './names.ts'
import { visibility } from './retain.ts'

/** Where the catalogue stands: the rows, and the repository whose objects they were made from and can be made from again. */
export interface BackupStore {
  db: Kysely<StateTables>
  repository: Repository
}

export type Backup = Row<'backup'>

/**
 * Puts a committed backup into the catalogue, in the transaction of the commit. The object is in the repository already: when
 * this is not reached, the next start finds it there (`rebuildCatalogue`). A second call changes nothing.
 */
export async function recordBackup(db: Kysely<StateTables>, object: BackupObject, workflowId: string | null): Promise<Backup> {
  await db
    .insertInto('backup')
    .values({
      id: object.id,
      environment_id: object.environmentId,
      site: object.site,
      environment: object.environment,
      trigger: object.trigger,
      actor: json(object.actor),
      state: 'captured',
      moment_at: new Date(object.momentAt),
      created_at: new Date(object.startedAt),
      expires_at: object.expiresAt === null ? null : new Date(object.expiresAt),
      note: object.note,
      elements: json(object.elements),
      warnings: json(object.warnings),
      facts: json(object.facts),
      workflow_id: workflowId,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  return db.selectFrom('backup').selectAll().where('id', '=', object.id).executeTakeFirstOrThrow()
}

/**
 * Finds one backup by its id or by the name of one of its archives.
 *
 * @throws {Failure} BACKUP_NOT_FOUND, also for a hidden one unless `hidden`; the hint says how to recall it
 */
export async function findBackup(
  store: BackupStore,
  name: string,
  options: { hidden?: boolean; now?: Date } = {},
): Promise<Backup> {
  const found = await findRows(store, name)
  const now = options.now ?? new Date()
  const usable = found.filter((row) => visibility(keptOf(row), now).kind === 'shown')
  const candidates = usable.length > 0 ? usable : found
  if (candidates.length > 1) {
    throw new Failure(
      'INPUT_INVALID',
      `Cannot choose the backup "${name}": ${candidates.length} backups were taken in that second`,
      {
        hint: `Name it by its id: ${candidates.map((row) => row.id).join(', ')}`,
      },
    )
  }
  const [row] = candidates
  const seen = row === undefined ? null : visibility(keptOf(row), now)
  if (row === undefined || seen === null || seen.kind === 'gone') {
    throw new Failure('BACKUP_NOT_FOUND', `Cannot find the backup "${name}": no backup has this id or file name`, {
      hint: 'Run "cairn backup:list SITE.ENV" to see the backups of an environment',
    })
  }
  if (seen.kind === 'hidden' && options.hidden !== true) {
    const [day] = seen.recallUntil.toISOString().split('T')
    throw new Failure(
      'BACKUP_NOT_FOUND',
      `Cannot find the backup "${name}": it ${seen.why === 'deleted' ? 'was deleted' : 'has expired'}`,
      {
        hint: `It can be recalled until ${day} (backup ${row.id})`,
      },
    )
  }
  return row
}

/** @throws {Failure} BACKUP_UNUSABLE for a backup whose proof failed: it is never restored and never downloaded */
export function requireUsable(backup: Backup): void {
  if (backup.state !== 'damaged') return
  throw new Failure('BACKUP_UNUSABLE', `Cannot use the backup "${backup.id}": reading it back showed damage`, {
    hint: 'Take another backup; "cairn repository:check --read-data" shows what is damaged',
  })
}

export function keptOf(row: Pick<Backup, 'expires_at' | 'deleted_at' | 'locked'>): Parameters<typeof visibility>[0] {
  return { expiresAt: row.expires_at, deletedAt: row.deleted_at, locked: row.locked }
}

async function findRows(store: BackupStore, name: string): Promise<Backup[]> {
  const parsed = parseArchiveName(name)
  const query = store.db.selectFrom('backup').selectAll()
  if (parsed === null) return query.where('id', '=', name).execute()
  const after = new Date(parsed.momentAt.getTime() + 1000)
  const rows = await query
    .where('site', '=', parsed.site)
    .where('environment', '=', parsed.environment)
    .where('moment_at', '>=', parsed.momentAt)
    .where('moment_at', '<', after)
    .orderBy('seq')
    .execute()
  return rows.filter(
    (row) => row.elements[parsed.element] !== undefined && archiveName({ ...parsed, momentAt: row.moment_at }) === name,
  )
}
