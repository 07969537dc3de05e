import { Group, Select, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import type { SiteOverview } from '../../../contract/overviewSchemas.ts'
import { SearchField } from '../../parts/SearchField.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { plural } from '../../words/count.ts'
import { protectionOrder, worstOf } from './protection.ts'

const route = getRouteApi('/shell/')

interface Filter {
  search?: string | undefined
  show?: 'problems' | 'unprotected' | undefined
  framework?: string | undefined
}

const shows = { problems: ['problem', 'none'], unprotected: ['problem', 'none', 'old'] } as const

/** Those that are looked for, the worst protected first. */
export function findSites(sites: readonly SiteOverview[], { search = '', show, framework }: Filter, now: number): SiteOverview[] {
  const wanted = search.trim().toLowerCase()
  return sites
    .filter(({ name, label }) => wanted === '' || name.includes(wanted) || label.toLowerCase().includes(wanted))
    .filter((site) => framework === undefined || site.framework === framework)
    .filter((site) => show === undefined || shows[show].some((bad) => bad === worstOf(site, now)))
    .toSorted((one, other) => protectionOrder(one, now) - protectionOrder(other, now) || one.name.localeCompare(other.name))
}

export function SiteFilters({ sites, found }: { sites: readonly SiteOverview[]; found: number }) {
  const { search = '', show, framework } = route.useSearch()
  const navigate = route.useNavigate()
  const find = (change: Filter, replace = false): void =>
    void navigate({ search: (before) => ({ ...before, ...change, page: undefined }), replace })
  const kinds = [...new Set(sites.flatMap((site) => site.framework ?? []))]
  return (
    <Group gap="sm" align="flex-end">
      <SearchField value={search} placeholder="Name or label" onFind={(text) => find({ search: text }, true)} />
      <Select
        label="Show"
        data={[
          { value: 'all', label: 'All sites' },
          { value: 'unprotected', label: 'Not protected' },
          { value: 'problems', label: 'With problems' },
        ]}
        value={show ?? 'all'}
        allowDeselect={false}
        onChange={(value) => find({ show: value === 'problems' || value === 'unprotected' ? value : undefined })}
        w={170}
      />
      <Select
        label="Framework"
        data={[{ value: 'all', label: 'All' }, ...kinds.map((value) => ({ value, label: frameworkWords[value] ?? value }))]}
        value={framework ?? 'all'}
        allowDeselect={false}
        onChange={(value) => find({ framework: kinds.find((one) => one === value) })}
        w={170}
      />
      <Text size="sm" c="dimmed" role="status" pb={8}>
        {plural(found, 'site')}
      </Text>
    </Group>
  )
}
