import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Intake } from '../intake.ts'
import { openWorkflows } from './hold.ts'
import { removeUpload } from './settle.ts'

/**
 * Removes files whose day is over, unless an open workflow uses them. At the start of the server, before anything writes here,
 * also what a killed one left: files without a row, and working directories.
 *
 * @returns how many were removed
 */
export async function sweepIntake(intake: Intake, options: { atStart: boolean }, now: Date = new Date()): Promise<number> {
  const overdue = await intake.db
    .selectFrom('upload')
    .select('id')
    .where('expires_at', '<=', now)
    .where((where) => where.or([where('held_by', 'is', null), where.not(where('held_by', 'in', openWorkflows(intake)))]))
    .execute()
  for (const { id } of overdue) await removeUpload(intake, id)
  if (!options.atStart) return overdue.length

  const rows = await intake.db.selectFrom('upload').select('id').execute()
  const known = new Set(rows.map(({ id }) => id))
  const left = (await readdir(intake.directory)).filter((name) => !known.has(name))
  for (const name of left) await rm(join(intake.directory, name), { recursive: true, force: true })
  return overdue.length + left.length
}
