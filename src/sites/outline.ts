import { type Kysely, sql } from 'kysely'
import { type Framework, frameworks } from '../contract/words.ts'
import type { StateTables } from '../state/tables.ts'
import { byRank } from './names.ts'

export interface EnvironmentOutline {
  id: string
  name: string
  kind: 'attached' | 'managed'
  url: string | null
  /** A managed one into which nothing was deployed yet */
  empty: boolean
}

export interface SiteOutline {
  name: string
  label: string
  framework: Framework | null
  createdAt: Date
  environments: EnvironmentOutline[]
}

/** All sites with their environments, without what is sealed: for lists of thousands. */
export async function outlineSites(db: Kysely<StateTables>): Promise<SiteOutline[]> {
  const sites = await db.selectFrom('site').selectAll().orderBy('name').execute()
  const rows = await db
    .selectFrom('environment')
    .select(['id', 'site', 'name', 'url', sql<string | null>`facts #>> '{managed,release}'`.as('release')])
    .execute()
  const bySite = Map.groupBy(rows, ({ site }) => site)
  return sites.map(({ name, label, framework, created_at: createdAt }) => ({
    ...{ name, label: label ?? name, createdAt },
    framework: frameworks.find((known) => known === framework) ?? null,
    environments: (bySite.get(name) ?? [])
      .map(({ release, id, name: environment, url }) => ({
        ...{ id, name: environment, url },
        kind: release === null ? ('attached' as const) : ('managed' as const),
        empty: release === '0',
      }))
      .sort((left, right) => byRank(left.name, right.name)),
  }))
}
