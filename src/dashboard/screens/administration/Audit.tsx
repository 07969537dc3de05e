import { Code, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { AuditPage, AuditRow } from '../../../contract/accessSchemas.ts'
import { actions } from '../../../contract/actions.ts'
import { asked } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { atLeast, Pages } from '../../parts/Pages.tsx'
import { AuditFilters } from './AuditFilters.tsx'

const route = getRouteApi('/shell/administration/audit')
const pageSize = 50

const columns: Column<AuditRow>[] = [
  { head: 'When', cell: ({ at }) => <Moment at={at} />, oneLine: true },
  { head: 'Who', cell: ({ actor }) => actor.name },
  { head: 'What', cell: (row) => <What row={row} />, long: true },
  { head: 'Of', cell: ({ subject }) => subject, long: true },
  { head: 'Result', cell: ({ result }) => (result === 'done' ? 'done' : <Code>{result}</Code>) },
  { head: 'From', cell: ({ address }) => address, oneLine: true },
]

/** Every change and every download: who, what, when, from where, with which result. */
export function Audit() {
  const { page = 1, ...filter } = route.useSearch()
  const query = useQuery({
    queryKey: ['audit', filter, page],
    queryFn: ({ signal }) => {
      const search = asked({ ...filter, limit: pageSize, skip: (page - 1) * pageSize })
      return send<AuditPage>('GET', `/v1/audit${search}`, undefined, signal)
    },
    placeholderData: (before) => before,
  })
  const shown = query.data?.rows.length ?? 0
  return (
    <Stack>
      <AuditFilters />
      <DataTable
        label="Audit log"
        query={query}
        rows={({ rows }) => rows}
        columns={columns}
        keyOf={({ id }) => id}
        minWidth={820}
        spacing="xs"
        empty={<Empty title="No such row">Search for less.</Empty>}
      />
      <Pages page={page} size={pageSize} total={atLeast(page, pageSize, shown, query.data?.next != null)} />
    </Stack>
  )
}

function What({ row: { action, details } }: { row: AuditRow }) {
  const means = Object.hasOwn(actions, action) ? actions[action as keyof typeof actions].means : action
  const more = Object.entries(details)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${plainly(value)}`)
    .join(', ')
  return (
    <>
      <Text size="sm" title={means}>
        {action}
      </Text>
      {more !== '' && (
        <Text size="xs" c="dimmed" lineClamp={2} title={more}>
          {more}
        </Text>
      )}
    </>
  )
}

/** As people write it: `code, files` for a list, yes and no */
function plainly(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainly).join(' ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
