import { useQuery } from '@tanstack/react-query'
import type { Whoami } from '../../contract/accessSchemas.ts'
import type { Action } from '../../contract/actions.ts'
import { decide, reasonOf } from '../../contract/rights.ts'
import { sessionQuery } from './sessionQuery.ts'

/** Who is signed in; the pages that need nobody do not ask. */
export function useMe(): Whoami | null {
  return useQuery(sessionQuery).data?.me ?? null
}

/** Says why somebody may not do something on a place, by the same table as the server; null where it is allowed. */
export function useRights(): { whyNot(action: Action, site: string | null, environment?: string | null): string | null } {
  const me = useMe()
  return {
    whyNot: (action, site, environment = null) => reasonOf(decide(me?.rights ?? null, action, { site, environment })),
  }
}
