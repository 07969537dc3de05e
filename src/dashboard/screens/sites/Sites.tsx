import { Group, Pagination, Select, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, Search } from 'lucide-react'
import { useState } from 'react'
import type { SiteOverview } from '../../../contract/overviewSchemas.ts'
import { overviewQuery } from '../../api/queries.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { useNow } from '../../parts/Moment.tsx'
import { Page } from '../../parts/Page.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { plural, sizeText } from '../../words/size.ts'
import { EnvironmentChip } from './EnvironmentChip.tsx'
import { protectionOf, protectionOrder, worstOf } from './protection.ts'

const route = getRouteApi('/shell/')
const pageSize = 50

const createButton = (
  <LinkedAction action="site.create" to="/sites/new" leftSection={<Plus size={16} aria-hidden />}>
    Create A New Site
  </LinkedAction>
)

/** The first page: am I protected? The worst stands on top. */
export function Sites() {
  const query = useQuery(overviewQuery)
  return (
    <Page
      title="Sites"
      {...(query.data === undefined ? {} : { about: <Answer sites={query.data.sites} /> })}
      buttons={createButton}
    >
      <Loaded query={query} rows={8}>
        {({ sites }) =>
          sites.length === 0 ? (
            <Empty title="No site yet" action={createButton}>
              Attach a site that runs already, and it is backed up where it is; or make one out of archives, which Cairn then
              runs.
            </Empty>
          ) : (
            <SiteTable sites={sites} />
          )
        }
      </Loaded>
    </Page>
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

function SiteTable({ sites }: { sites: SiteOverview[] }) {
  const { search = '', show, framework, page = 1 } = route.useSearch()
  const navigate = route.useNavigate()
  const now = useNow()
  const [typed, setTyped] = useState(search)
  const find = useDebouncedCallback(
    (text: string) =>
      void navigate({ search: (before) => ({ ...before, search: text || undefined, page: undefined }), replace: true }),
    200,
  )
  const found = sites
    .filter((site) => matches(site, search) && (framework === undefined || site.framework === framework))
    .filter(
      (site) =>
        show === undefined ||
        (show === 'problems' ? ['problem', 'none'] : ['problem', 'none', 'old']).includes(worstOf(site, now)),
    )
    .toSorted((one, other) => protectionOrder(one, now) - protectionOrder(other, now) || one.name.localeCompare(other.name))
  const pages = Math.max(1, Math.ceil(found.length / pageSize))
  const at = Math.min(page, pages)
  const kinds = [...new Set(sites.flatMap((site) => site.framework ?? []))]
  return (
    <>
      <Group gap="sm" align="flex-end">
        <TextInput
          label="Search"
          placeholder="Name or label"
          leftSection={<Search size={16} aria-hidden />}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            find(event.currentTarget.value)
          }}
          flex={{ base: '1 1 100%', sm: '0 1 320px' }}
        />
        <Select
          label="Show"
          data={[
            { value: 'all', label: 'All sites' },
            { value: 'unprotected', label: 'Not protected' },
            { value: 'problems', label: 'With problems' },
          ]}
          value={show ?? 'all'}
          allowDeselect={false}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                show: value === 'problems' || value === 'unprotected' ? value : undefined,
                page: undefined,
              }),
            })
          }
          w={170}
        />
        <Select
          label="Framework"
          data={[{ value: 'all', label: 'All' }, ...kinds.map((value) => ({ value, label: frameworkWords[value] ?? value }))]}
          value={framework ?? 'all'}
          allowDeselect={false}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                framework: value === null || value === 'all' ? undefined : value,
                page: undefined,
              }),
            })
          }
          w={170}
        />
        <Text size="sm" c="dimmed" role="status" pb={8}>
          {plural(found.length, 'site')}
        </Text>
      </Group>
      {found.length === 0 ? (
        <Empty title="No site is like this">Search for less, or show all sites.</Empty>
      ) : (
        <Table.ScrollContainer minWidth={560} type="native">
          <Table verticalSpacing="sm" highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Site</Table.Th>
                <Table.Th>Framework</Table.Th>
                <Table.Th>Protection</Table.Th>
                <Table.Th ta="right">Storage</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.slice((at - 1) * pageSize, at * pageSize).map((site) => (
                <SiteRow key={site.name} site={site} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages > 1 && (
        <Pagination
          total={pages}
          value={at}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, page: next === 1 ? undefined : next }) })}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          getItemProps={(item) => ({ 'aria-label': `Page ${item}` })}
        />
      )}
    </>
  )
}

function SiteRow({ site }: { site: SiteOverview }) {
  const count = site.environments.reduce((sum, { backups }) => sum + backups, 0)
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/sites/$site" params={{ site: site.name }} fw={600}>
          {site.label}
        </AnchorLink>
        {site.label !== site.name && (
          <Text size="xs" c="dimmed">
            {site.name}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{site.framework === null ? '—' : (frameworkWords[site.framework] ?? site.framework)}</Text>
      </Table.Td>
      <Table.Td>
        {site.environments.map((environment) => (
          <EnvironmentChip key={environment.name} site={site.name} environment={environment} />
        ))}
      </Table.Td>
      <Table.Td ta="right">
        <Text size="sm">{sizeText(site.archiveBytes)}</Text>
        <Text size="xs" c="dimmed">
          {plural(count, 'backup')}
        </Text>
      </Table.Td>
    </Table.Tr>
  )
}

function matches({ name, label }: SiteOverview, search: string): boolean {
  const wanted = search.trim().toLowerCase()
  return wanted === '' || name.includes(wanted) || label.toLowerCase().includes(wanted)
}
