import { type Kysely, sql } from 'kysely'
import type { StateTables } from '../state/tables.ts'

/**
 * An open workflow of `alias` has to wait: an earlier one uses the same environment, and one of the two changes it, or both are
 * of one kind. Of two backups at once the second would read, and store, what the first has not committed yet.
 */
export function mustWait(alias: 'w' | 'workflow') {
  const own = sql.ref(alias)
  return sql<boolean>`exists (
    select 1 from workflow earlier
    where earlier.seq < ${own}.seq and earlier.state in ('queued', 'running')
      and earlier.environment_ids && ${own}.environment_ids and (earlier.changes or ${own}.changes or earlier.kind = ${own}.kind))`
}

/** A running workflow of which nothing was heard for `expiresMs`. The server's clock decides, for workers have their own. */
export function isSilent(expiresMs: number) {
  return sql<boolean>`(state = 'running' and coalesce(beat_at, started_at) < clock_timestamp() - make_interval(secs => ${expiresMs / 1000}))`
}

/** Ids of the workflows that a worker should look at now, in their order. */
export async function findReady(
  db: Kysely<StateTables>,
  options: { expiresMs: number; environmentIds?: string[] },
): Promise<string[]> {
  const only = options.environmentIds === undefined ? sql`true` : sql`environment_ids && ${options.environmentIds}::text[]`
  const { rows } = await sql<{ id: string }>`
    select id from workflow
    where ${only} and ((state = 'queued' and not ${mustWait('workflow')}) or ${isSilent(options.expiresMs)})
    order by seq limit 100`.execute(db)
  return rows.map(({ id }) => id)
}
