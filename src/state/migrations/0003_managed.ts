import { type Kysely, sql } from 'kysely'

/** Environments that Cairn runs itself, and their releases. */
const statements = [
  // rows stay for good: a number that stood for somebody once still owns files in backups, on disks, in archives
  `create table environment_uid (
    uid int primary key,
    environment_id text not null,
    taken_at timestamptz not null default now())`,
  `create table release (
    environment_id text not null references environment(id) on delete cascade,
    number int not null,
    state text not null check (state in ('preparing', 'ready', 'current', 'kept', 'dropped')),
    code_commit text,
    framework text not null,
    docroot text not null,
    files_id text not null,
    schema text not null,
    account text not null,
    secrets bytea not null,
    origin jsonb not null default '{}',
    previous int,
    created_at timestamptz not null default now(),
    current_at timestamptz,
    keep_until timestamptz,
    primary key (environment_id, number))`,
  `create unique index release_current on release (environment_id) where state = 'current'`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
