import { type Kysely, sql } from 'kysely'

/** A list of backups is of one environment, the newest first; without this it reads the rows of all. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('create index backup_by_place on backup (site, environment, moment_at desc, seq desc)').execute(db)
}
