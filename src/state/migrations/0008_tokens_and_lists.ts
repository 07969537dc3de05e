import { type Kysely, sql } from 'kysely'

/** Machine tokens keep to the sites that they were made for, not to their names; lists of thousands of sites add nothing up. */
const statements = [
  // a site that is made anew under an old name is a new site, for tokens as for roles
  `create table machine_token_site (
    token_id text not null references machine_token(id) on delete cascade,
    site text not null references site(name) on delete cascade,
    primary key (token_id, site))`,
  `create index machine_token_site_by_site on machine_token_site (site)`,
  `alter table machine_token add column limited_to_sites bool not null default false, add column of_server bool not null default false`,
  `update machine_token set limited_to_sites = true where sites is not null`,
  `update machine_token set of_server = true where name = 'local user'`,
  `insert into machine_token_site (token_id, site)
    select distinct machine_token.id, site.name from machine_token, unnest(sites) wanted join site on site.name = wanted`,
  `alter table machine_token drop column sites`,
  `alter table backup add column archive_bytes bigint not null generated always as (
    coalesce((elements #>> '{code,archiveLength}')::bigint, 0) + coalesce((elements #>> '{files,archiveLength}')::bigint, 0)
      + coalesce((elements #>> '{database,archiveLength}')::bigint, 0)) stored`,
  // all that the Sites page asks of backups but for the last one of each environment
  `create index backup_overview on backup (environment_id, moment_at, seq) include (expires_at, locked, archive_bytes)
    where deleted_at is null`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
