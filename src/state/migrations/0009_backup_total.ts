import { type Kysely, sql } from 'kysely'

/**
 * How many backups an environment has that were not deleted, and what their archives take: kept beside each change, because the
 * Sites page would add up all rows each time. Those that have expired are in it until they are deleted. A transaction that changes
 * backups of two environments locks two totals: it must not run beside another one that does.
 */
const statements = [
  `create table backup_total (environment_id text primary key, backups bigint not null, archive_bytes bigint not null)`,
  `insert into backup_total select environment_id, count(*), sum(archive_bytes) from backup where deleted_at is null group by 1`,
  `create function backup_counted() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'INSERT' and old.deleted_at is null then
        update backup_total set backups = backups - 1, archive_bytes = archive_bytes - old.archive_bytes
          where environment_id = old.environment_id;
      end if;
      if tg_op <> 'DELETE' and new.deleted_at is null then
        insert into backup_total values (new.environment_id, 1, new.archive_bytes)
          on conflict (environment_id) do update set
            backups = backup_total.backups + 1, archive_bytes = backup_total.archive_bytes + excluded.archive_bytes;
      end if;
      return null;
    end $$`,
  `create trigger backup_counted after insert or delete or update of deleted_at, elements, environment_id on backup
    for each row execute function backup_counted()`,
  `create index backup_by_expiry on backup (expires_at) include (environment_id, archive_bytes)
    where deleted_at is null and not locked and expires_at is not null`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
