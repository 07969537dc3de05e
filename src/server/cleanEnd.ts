import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { writeFileDurably } from '../base/files.ts'
import { json } from '../state/json.ts'
import type { StateTables } from '../state/tables.ts'

const key = 'clean_end'

/**
 * Whether the former server ended in good order, and over this state database: a file in the data directory and a row of the
 * database hold the same chance. One that was lost, exchanged or brought back from an older copy does not know what the
 * repository holds. Asked once: the mark is gone then, so that a crash leaves none.
 */
export async function takeCleanMark(data: string, db: Kysely<StateTables>): Promise<boolean> {
  const path = join(data, 'clean')
  if (!existsSync(path)) return false
  const mark = readFileSync(path, 'utf8').trim()
  rmSync(path)
  const row = await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
  return mark !== '' && row?.value === mark
}

/** The last thing that a server does in good order, while its state database still runs. */
export async function leaveCleanMark(data: string, db: Kysely<StateTables>): Promise<void> {
  const mark = randomBytes(16).toString('hex')
  await db
    .insertInto('setting')
    .values({ key, value: json(mark) })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: json(mark) }))
    .execute()
  writeFileDurably(join(data, 'clean'), `${mark}\n`)
}
