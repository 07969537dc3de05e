import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { Overview, SiteOverview } from '../../../contract/overviewSchemas.ts'
import { overviewQuery } from '../../api/queries.ts'
import { DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { useNow } from '../../parts/Moment.tsx'
import { Page } from '../../parts/Page.tsx'
import { Pages } from '../../parts/Pages.tsx'
import { plural } from '../../words/count.ts'
import { protectionOf } from './protection.ts'
import { siteColumns } from './siteColumns.tsx'
import { findSites, SiteFilters } from './SiteFilters.tsx'

const route = getRouteApi('/shell/')
const pageSize = 50

const createButton = (
  <LinkedAction action="site.create" to="/sites/new" leftSection={<Plus size={16} aria-hidden />}>
    Create A New Site
  </LinkedAction>
)

/** The first page: am I protected? The worst stands on top. */
export function Sites() {
  const { page = 1, ...filter } = route.useSearch()
  const query = useQuery(overviewQuery)
  const now = useNow()
  const sites = query.data?.sites ?? []
  const found = findSites(sites, filter, now)
  const at = Math.max(1, Math.min(page, Math.ceil(found.length / pageSize)))
  return (
    <Page title="Sites" {...(query.data === undefined ? {} : { about: <Answer sites={sites} /> })} buttons={createButton}>
      {sites.length > 0 && <SiteFilters sites={sites} found={found.length} />}
      <DataTable
        label="Sites"
        query={query}
        rows={() => found.slice((at - 1) * pageSize, at * pageSize)}
        columns={siteColumns}
        keyOf={({ name }) => name}
        minWidth={560}
        empty={<NoSite overview={query.data} />}
      />
      <Pages page={at} size={pageSize} total={found.length} />
    </Page>
  )
}

function NoSite({ overview }: { overview: Overview | undefined }) {
  if ((overview?.sites.length ?? 0) > 0) return <Empty title="No site is like this">Search for less, or show all sites.</Empty>
  return (
    <Empty title="No site yet" action={createButton}>
      Attach a site that runs already, and it is backed up where it is; or make one out of archives, which Cairn then runs.
    </Empty>
  )
}

function Answer({ sites }: { sites: SiteOverview[] }) {
  const now = useNow()
  const all = sites.flatMap(({ environments }) => environments.map((environment) => protectionOf(environment, now)))
  const wanted = all.filter((protection) => protection !== 'empty')
  if (wanted.length === 0) return <>There is nothing to protect yet.</>
  const good = wanted.filter((protection) => protection === 'protected').length
  return (
    <>
      {good === wanted.length
        ? `All is protected: ${plural(wanted.length, 'environment')}, each with a backup of the last two days.`
        : `${good} of ${plural(wanted.length, 'environment')} protected by a backup of the last two days.`}
    </>
  )
}
