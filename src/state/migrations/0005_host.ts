import { type Kysely, sql } from 'kysely'

/** At which host visitors find a managed environment: no two at the same one, whoever asks at the same moment. */
const statements = [`alter table environment add column host text`, `create unique index environment_host on environment (host)`]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
  const { rows } = await sql<{ id: string; url: string }>`
    select id, url from environment where kind = 'managed' and url is not null order by created_at, id`.execute(db)
  const taken = new Set<string>()
  for (const { id, url } of rows) {
    const host = URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : ''
    if (host === '' || taken.has(host)) continue // of two with one address the older one is found there
    taken.add(host)
    await sql`update environment set host = ${host} where id = ${id}`.execute(db)
  }
}
