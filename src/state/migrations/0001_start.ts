import { type Kysely, sql } from 'kysely'

/** The tables of the first version, in the order in which they refer to each other. */
const statements = [
  `create table setting (key text primary key, value jsonb not null)`,

  `create table site (
    name text primary key,
    label text,
    framework text not null,
    created_at timestamptz not null default now())`,
  `create table environment (
    id text primary key,
    site text not null references site(name),
    name text not null,
    kind text not null,
    code_root text not null,
    docroot text not null,
    url text,
    facts jsonb not null default '{}',
    secrets bytea,
    created_at timestamptz not null default now(),
    unique (site, name))`,

  `create table pack (
    id bigint generated always as identity primary key,
    name text not null unique,
    state text not null default 'live' check (state in ('live', 'condemned', 'deleted', 'missing')),
    created_at timestamptz not null default now(),
    condemned_at timestamptz,
    length_bytes bigint not null,
    sha256 bytea not null)`,
  `create table chunk (
    id bytea not null,
    enc_mac bytea not null,
    pack_id bigint not null references pack(id),
    off int not null,
    stored_len int not null,
    primary key (id, enc_mac))`,
  `create index chunk_by_pack on chunk (pack_id)`,
  `create table write_session (
    id text primary key,
    instance text not null,
    started_at timestamptz not null default now(),
    lease_until timestamptz not null)`,
  `create table pin (
    session_id text not null references write_session(id) on delete cascade,
    pack_id bigint not null references pack(id),
    primary key (session_id, pack_id))`,
  `create index pin_by_pack on pin (pack_id)`,

  // a backup outlives its environment: its columns repeat the names, and nothing refers back
  `create table backup (
    id text primary key,
    seq bigint generated always as identity,
    environment_id text not null,
    site text not null,
    environment text not null,
    trigger text not null,
    actor jsonb not null,
    state text not null check (state in ('captured', 'proven', 'damaged')),
    moment_at timestamptz not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    locked bool not null default false,
    note text,
    deleted_at timestamptz,
    elements jsonb not null,
    warnings jsonb not null default '[]',
    facts jsonb not null default '{}',
    proof jsonb,
    workflow_id text)`,
  `create index backup_by_environment on backup (environment_id, seq desc)`,

  `create table workflow (
    id text primary key,
    seq bigint generated always as identity,
    kind text not null,
    version int not null default 1,
    site text,
    environment text,
    environment_ids text[] not null default '{}',
    changes bool not null default true,
    actor jsonb not null,
    input jsonb not null,
    dedupe_key text,
    state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt int not null default 0,
    revision bigint not null default 1,
    instance text,
    holder jsonb,
    beat_at timestamptz,
    cancel_requested bool not null default false,
    cancellable bool not null default true,
    result jsonb,
    failure jsonb,
    warnings jsonb not null default '[]',
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz)`,
  `create unique index workflow_once on workflow (dedupe_key) where state in ('queued', 'running')`,
  `create index workflow_open on workflow (seq) where state in ('queued', 'running')`,
  `create index workflow_by_seq on workflow (seq desc)`,
  `create index workflow_by_site on workflow (site, environment, seq desc)`,
  // whoever raises the revision tells the listeners, when its transaction commits
  `create function workflow_changed() returns trigger language plpgsql as $$
    begin
      perform pg_notify('cairn_workflow', new.id);
      return null;
    end $$`,
  `create trigger workflow_changed after insert or update of revision on workflow
    for each row execute function workflow_changed()`,
  `create table step (
    workflow_id text not null references workflow(id) on delete cascade,
    position int not null,
    name text not null,
    state text not null check (state in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt int not null,
    progress jsonb,
    output jsonb,
    failure jsonb,
    started_at timestamptz,
    finished_at timestamptz,
    primary key (workflow_id, name))`,
  `create table workflow_log (
    id bigint generated always as identity primary key,
    workflow_id text not null references workflow(id) on delete cascade,
    at timestamptz not null default now(),
    level text not null,
    message text not null)`,
  `create index workflow_log_by_workflow on workflow_log (workflow_id, id)`,

  `create table person (
    id text primary key,
    email text not null unique,
    name text not null,
    created_at timestamptz not null default now())`,
  `create table machine_token (
    id text primary key,
    person_id text not null references person(id),
    name text not null,
    secret_hash bytea not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz)`,
  `create table link (
    id text primary key,
    token_hash bytea not null unique,
    backup_id text not null references backup(id),
    element text not null,
    file_name text not null,
    life_seconds int not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    actor jsonb not null,
    created_at timestamptz not null default now())`,
  `create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor jsonb not null,
    action text not null,
    subject text,
    result text not null,
    address text,
    details jsonb not null default '{}')`,
  `create table undo (
    id text primary key,
    environment_id text not null,
    workflow_id text not null,
    backup_id text,
    safety_backup_id text,
    state text not null default 'ready' check (state in ('ready', 'undone', 'dropped')),
    plan jsonb not null,
    created_at timestamptz not null default now(),
    keep_until timestamptz)`,
  `create index undo_by_environment on undo (environment_id, created_at desc)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
