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
    with listed as (
      select environment_id, id, seq, moment_at, state, jsonb_array_length(warnings) as warnings,
        coalesce((elements #>> '{code,archiveLength}')::bigint, 0) + coalesce((elements #>> '{files,archiveLength}')::bigint, 0)
          + coalesce((elements #>> '{database,archiveLength}')::bigint, 0) as bytes
      from backup
      where deleted_at is null and (locked or expires_at is null or expires_at > ${now})
    ), counted as (
      select environment_id, count(*)::int as backups, sum(bytes)::bigint as archive_bytes, max(seq) as newest
      from listed group by environment_id
    )
    select counted.environment_id, backups, archive_bytes, listed.id, listed.moment_at, listed.state, listed.warnings, listed.bytes
    from counted join listed on listed.seq = counted.newest`.execute(db)
  return new Map(
    rows.map((row) => [
      row.environment_id,
      {
        backups: row.backups,
        archiveBytes: Number(row.archive_bytes),
        last: {
          id: row.id,
          momentAt: row.moment_at,
          state: row.state,
          warnings: row.warnings,
          archiveBytes: Number(row.bytes),
        },
      },
    ]),
  )
}

interface Row {
  environment_id: string
  backups: number
  archive_bytes: string | number
  id: string
  moment_at: Date
  state: BackupState
  warnings: number
  bytes: string | number
}
