import { type Kysely, sql } from 'kysely'
import type { FailureRecord } from '../base/failure.ts'
import type { WorkflowState } from '../contract/words.ts'
import type { StateTables } from '../state/tables.ts'

export interface LastEnded {
  site: string
  environment: string
  id: string
  state: WorkflowState
  failure: FailureRecord | null
  endedAt: Date
}

/** The last workflow of a kind that ended, for each of these places: one look into the index each. */
export async function listLastEnded(
  db: Kysely<StateTables>,
  kind: string,
  places: readonly { site: string; environment: string }[],
): Promise<LastEnded[]> {
  const sites = places.map(({ site }) => site)
  const environments = places.map(({ environment }) => environment)
  const { rows } = await sql<LastEnded>`
    select place.site, place.environment, last.id, last.state, last.failure, last.finished_at as "endedAt"
    from unnest(${sites}::text[], ${environments}::text[]) as place (site, environment)
    cross join lateral (
      select id, state, failure, finished_at from workflow
      where workflow.site = place.site and workflow.environment = place.environment
        and kind = ${kind} and state in ('succeeded', 'failed') and finished_at is not null
      order by seq desc limit 1
    ) last`.execute(db)
  return rows
}
