import { useQuery } from '@tanstack/react-query'
import type { Whoami } from '../../contract/accessSchemas.ts'
import type { Action } from '../../contract/actions.ts'
import { decide, reasonOf, sitesWhere } from '../../contract/rights.ts'
import { sessionQuery } from './sessionQuery.ts'

/** Who is signed in; the pages that need nobody do not ask. */
export function useMe(): Whoami | null {
  return useQuery(sessionQuery).data?.me ?? null
}

interface MyRights {
  /** Why somebody may not do something on a place, by the same table as the server; null where it is allowed */
  whyNot(action: Action, site: string | null, environment?: string | null): string | null
  /** Whether there is a site on which it is allowed, if not on all of its environments */
  isAnywhere(action: Action): boolean
}

export function useRights(): MyRights {
  const me = useMe()
  return {
    whyNot: (action, site, environment = null) => reasonOf(decide(me?.rights ?? null, action, { site, environment })),
    isAnywhere: (action) => me !== null && sitesWhere(me.rights, action)?.length !== 0,
  }
}
