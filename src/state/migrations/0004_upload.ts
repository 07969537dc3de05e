import { type Kysely, sql } from 'kysely'

/** Files on their way in. */
const statements = [
  `create table upload (
    id text primary key,
    way text not null check (way in ('upload', 'url')),
    actor jsonb not null,
    file_name text not null,
    size_bytes bigint,
    offset_bytes bigint not null default 0,
    declared_sha256 bytea,
    sha256 bytea,
    validator text,
    state text not null default 'receiving' check (state in ('receiving', 'received', 'ready')),
    held_by text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null)`,
  `create index upload_by_expiry on upload (expires_at)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
