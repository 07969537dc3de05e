import { type Kysely, sql } from 'kysely'

/** People who log in: roles, sessions, one-time codes, limits of machine tokens, and an audit log that can be searched. */
const statements = [
  // the only person so far is the owner
  `alter table person
    add column role text check (role in ('viewer', 'operator', 'developer', 'admin', 'owner')),
    add column time_zone text,
    add column password text,
    add column password_at timestamptz,
    add column last_seen_at timestamptz`,
  `update person set role = 'owner', email = lower(email)`,
  // a site that is made anew under an old name is a new site: its roles went with the old one
  `create table person_role (
    person_id text not null references person(id) on delete cascade,
    site text not null references site(name) on delete cascade,
    role text not null check (role in ('viewer', 'operator', 'developer', 'admin')),
    primary key (person_id, site))`,
  `create index person_role_by_site on person_role (site)`,
  `alter table machine_token
    drop constraint machine_token_person_id_fkey,
    add constraint machine_token_person_id_fkey foreign key (person_id) references person(id) on delete cascade,
    add column sites text[],
    add column actions text[],
    add column expires_at timestamptz,
    add column last_address text`,
  `create table session (
    id text primary key,
    person_id text not null references person(id) on delete cascade,
    secret_hash bytea not null,
    previous_hash bytea,
    previous_until timestamptz,
    rotate bool not null default false,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    address text,
    client text)`,
  `create index session_by_person on session (person_id)`,
  `create table one_time_code (
    id text primary key,
    purpose text not null check (purpose in ('setup', 'invitation', 'reset', 'login')),
    person_id text not null references person(id) on delete cascade,
    code_hash bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz)`,
  `create index one_time_code_by_person on one_time_code (person_id)`,
  `alter table audit add column site text, add column environment text, add column object text`,
  `update audit set site = split_part(subject, '.', 1), environment = split_part(subject, '.', 2)
    where subject ~ '^[a-z0-9-]+[.][a-z0-9]+$'`,
  `create index audit_by_site on audit (site, id desc)`,
  `create index audit_by_action on audit (action, id desc)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
