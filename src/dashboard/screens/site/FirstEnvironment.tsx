import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Navigate } from '@tanstack/react-router'
import { siteQuery } from '../../api/queries.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'

const route = getRouteApi('/shell/sites/$site/')

/** A site's own address leads to its first environment. */
export function FirstEnvironment() {
  const { site } = route.useParams()
  const query = useQuery(siteQuery(site))
  if (query.isError) return null // the page around says so
  return (
    <Loaded query={query}>
      {({ environments: [environment] }) =>
        environment === undefined ? (
          <Empty title="It is being made">Its environments appear here by themselves.</Empty>
        ) : (
          <Navigate to="/sites/$site/$environment/backups" params={{ site, environment }} replace />
        )
      }
    </Loaded>
  )
}
