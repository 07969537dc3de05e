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
    with expired as (
      select environment_id, count(*) as backups, sum(archive_bytes) as bytes from backup
      where deleted_at is null and not locked and expires_at is not null and expires_at <= ${now} group by environment_id
    )
    select total.environment_id, total.backups - coalesce(expired.backups, 0) as backups,
      total.archive_bytes - coalesce(expired.bytes, 0) as "allBytes", last.*
    from backup_total total left join expired using (environment_id)
    cross join lateral (
      select id, moment_at as "momentAt", state, jsonb_array_length(warnings) as warnings, archive_bytes as bytes
      from backup where backup.environment_id = total.environment_id
        and deleted_at is null and (locked or expires_at is null or expires_at > ${now})
      order by moment_at desc, seq desc limit 1
    ) last`.execute(db)
  return new Map(
    rows.map(({ environment_id: id, backups, allBytes, bytes, ...last }) => [
      id,
      { backups: Number(backups), archiveBytes: Number(allBytes), last: { ...last, archiveBytes: Number(bytes) } },
    ]),
  )
}

interface Row {
  environment_id: string
  backups: number | string
  allBytes: string | number
  id: string
  momentAt: Date
  state: BackupState
  warnings: number
  bytes: string | number
}
