import { rmdirSync } from 'node:fs'
import { isErrno } from '../../base/failure.ts'
import type { House } from '../house.ts'
import { json } from '../../state/json.ts'
import { dropUndo } from '../../releases/apply/recover.ts'
import { dropDatabaseUndo } from '../../releases/database/recoverDatabase.ts'
import type { Row } from '../../state/tables.ts'
import type { Environment } from '../../sites/environment.ts'
import { type Change, databaseDirectory } from './changeEnvironment.ts'

interface NewUndo {
  change: Change
  environment: Environment
  workflowId: string
  backupId: string
  safetyBackupId: string | null
}

/** Remembers a change that was played, so that it can be taken back until its time is over. Safe to repeat. */
export async function recordUndo(
  house: House,
  { change, environment, workflowId, backupId, safetyBackupId }: NewUndo,
): Promise<void> {
  await house.state.db
    .insertInto('undo')
    .values({
      id: change.id,
      environment_id: environment.id,
      workflow_id: workflowId,
      backup_id: backupId,
      safety_backup_id: safetyBackupId,
      plan: json(change),
      keep_until: new Date(Date.now() + house.undoKeepDays * 86_400_000),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function hasUndo(house: Pick<House, 'state'>, change: Change): Promise<boolean> {
  const row = await house.state.db.selectFrom('undo').select('id').where('id', '=', change.id).executeTakeFirst()
  return row !== undefined
}

/** The newest change of an environment, which is the only one that can be played back or forward again. */
export async function latestUndo(house: Pick<House, 'state'>, environmentId: string): Promise<Row<'undo'> | null> {
  const row = await house.state.db
    .selectFrom('undo')
    .selectAll()
    .where('environment_id', '=', environmentId)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined || row.state === 'dropped' ? null : row
}

export function changeOf(row: Row<'undo'>): Change {
  return row.plan as Change
}

/** All that restores replaced and that is still kept, newest first. */
export async function keptUndoSets({ state }: Pick<House, 'state'>, environmentId: string): Promise<Row<'undo'>[]> {
  return state.db
    .selectFrom('undo')
    .selectAll()
    .where('environment_id', '=', environmentId)
    .where('state', '!=', 'dropped')
    .orderBy('created_at', 'desc')
    .execute()
}

/**
 * Deletes undo sets whose time is over at `now`; all of them where it is null. One that cannot be deleted (a mount inside, a
 * database that is away) stays and is told; the others are deleted all the same. Safe to repeat after a crash.
 */
export async function dropUndoSets(
  house: Pick<House, 'state' | 'sites' | 'appliesDirectory'>,
  environmentId: string,
  now: Date | null,
  onFailure: (error: unknown) => void,
): Promise<number> {
  const kept = await keptUndoSets(house, environmentId)
  let dropped = 0
  for (const row of kept) {
    if (now !== null && (row.keep_until === null || row.keep_until > now)) continue
    try {
      await dropUndoSet(house, row)
      dropped++
    } catch (error) {
      onFailure(error)
    }
  }
  return dropped
}

async function dropUndoSet(house: Pick<House, 'state' | 'sites' | 'appliesDirectory'>, row: Row<'undo'>): Promise<void> {
  const environment = await house.sites.findById(row.environment_id)
  const change = changeOf(row)
  if (change.home !== null) dropUndo(change.home)
  if (change.database) {
    const { database: credentials, adminDatabase: admin } = environment
    const directory = databaseDirectory(house, change)
    await dropDatabaseUndo({ id: change.id, directory, credentials, admin })
    removeDirectory(directory)
  }
  await house.state.db.updateTable('undo').set({ state: 'dropped' }).where('id', '=', row.id).execute()
}

/** Where the plan of a database lay, which is gone. */
function removeDirectory(directory: string): void {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}
