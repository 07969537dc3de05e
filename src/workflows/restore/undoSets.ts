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

/**
 * Deletes undo sets whose time is over. One that cannot be deleted now (a mount inside, a database that is away) stays and is
 * told; the others are deleted all the same.
 */
export async function dropOverdue(
  house: House,
  environmentId: string,
  now: Date,
  onFailure: (error: unknown) => void,
): Promise<number> {
  const { db } = house.state
  const rows = await db
    .selectFrom('undo')
    .selectAll()
    .where('environment_id', '=', environmentId)
    .where('state', '!=', 'dropped')
    .where('keep_until', '<=', now)
    .execute()
  let dropped = 0
  for (const row of rows) {
    try {
      const environment = await house.sites.findById(row.environment_id)
      const change = changeOf(row)
      if (change.home !== null) dropUndo(change.home)
      if (change.database) {
        const { database: credentials, adminDatabase: admin } = environment
        await dropDatabaseUndo({ id: change.id, directory: databaseDirectory(house, change), credentials, admin })
      }
      await db.updateTable('undo').set({ state: 'dropped' }).where('id', '=', row.id).execute()
      dropped++
    } catch (error) {
      onFailure(error)
    }
  }
  return dropped
}
