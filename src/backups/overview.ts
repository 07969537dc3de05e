import { type Kysely, sql } from 'kysely'
import type { BackupState } from '../contract/words.ts'
import type { StateTables } from '../state/tables.ts'

export interface LastBackup {
  id: string
  momentAt: Date
  state: BackupState
  warnings: number
  archiveBytes: number
}

export interface Summary {
  last: LastBackup
  backups: number
  /** What the archives of all its listed backups would take */
  archiveBytes: number
}

/** Of each environment, by its id, what is listed of it; environments without a backup are not in it. */
export async function summariseBackups(db: Kysely<StateTables>, now: Date = new Date()): Promise<Map<string, Summary>> {
  const { rows } = await sql<Row>`
    with counted as (
      select environment_id, count(*)::int as backups, sum(archive_bytes)::bigint as bytes
      from backup where ${listed(now)} group by environment_id
    )
    select counted.environment_id, counted.backups, counted.bytes as "allBytes", last.*
    from counted cross join lateral (
      select id, moment_at as "momentAt", state, jsonb_array_length(warnings) as warnings, archive_bytes as bytes
      from backup where backup.environment_id = counted.environment_id and ${listed(now)}
      order by moment_at desc, seq desc limit 1
    ) last`.execute(db)
  return new Map(
    rows.map(({ environment_id: id, backups, allBytes, bytes, ...last }) => [
      id,
      { backups, archiveBytes: Number(allBytes), last: { ...last, archiveBytes: Number(bytes) } },
    ]),
  )
}

/** In the words of the index backup_overview, which holds all that is added up. */
const listed = (now: Date) => sql`deleted_at is null and (locked or expires_at is null or expires_at > ${now})`

interface Row {
  environment_id: string
  backups: number
  allBytes: string | number
  id: string
  momentAt: Date
  state: BackupState
  warnings: number
  bytes: string | number
}
