import { type ExpressionBuilder, sql } from 'kysely'
import type { Trigger } from '../contract/words.ts'
import type { StateTables } from '../state/tables.ts'
import type { Backup, BackupStore } from './catalogue.ts'
import { addDays, recallDays } from './retain.ts'

export interface Listed {
  site: string
  environment: string
  /** With those that can still be recalled; what is gone is never listed */
  all: boolean
  trigger?: Trigger
  /** A part of a note, a person, a commit or an id; '' finds all */
  search?: string
  /** All of them without it */
  limit?: number
  skip?: number
}

/** Backups of an environment, newest first, one page. */
export async function listBackups({ db }: BackupStore, wanted: Listed, now: Date = new Date()): Promise<Backup[]> {
  const { limit, skip = 0 } = wanted
  const query = db
    .selectFrom('backup')
    .selectAll()
    .where(isListed(wanted, now))
    .orderBy('moment_at', 'desc')
    .orderBy('seq', 'desc')
  return (limit === undefined ? query : query.limit(limit)).offset(skip).execute()
}

/** How many there are on all pages. */
export async function countBackups({ db }: BackupStore, wanted: Listed, now: Date = new Date()): Promise<number> {
  const count = db.selectFrom('backup').select(({ fn }) => fn.countAll<number>().as('total'))
  return (await count.where(isListed(wanted, now)).executeTakeFirstOrThrow()).total
}

/** In SQL what `visibility` of retain.ts decides: a test holds the two together. */
function isListed({ site, environment, all, trigger, search = '' }: Listed, now: Date) {
  const since = all ? addDays(now, -recallDays) : now
  return (where: ExpressionBuilder<StateTables, 'backup'>) =>
    where.and([
      where('site', '=', site),
      where('environment', '=', environment),
      where.or([where('deleted_at', 'is', null), ...(all ? [where('deleted_at', '>', since)] : [])]),
      where.or([
        ...[where('locked', '=', true), where('expires_at', 'is', null), where('expires_at', '>', since)],
        ...(all ? [where('deleted_at', 'is not', null)] : []),
      ]),
      ...(trigger === undefined ? [] : [where('trigger', '=', trigger)]),
      ...(search.trim() === '' ? [] : [holds(search.trim())]),
    ])
}

function holds(text: string) {
  const like = `%${text.replaceAll(/[\\%_]/g, (letter) => `\\${letter}`)}%`
  return sql<boolean>`concat_ws(' ', note, actor->>'name', actor->>'id', facts->>'commit', id) ilike ${like}`
}
