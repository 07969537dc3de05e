import { Button, Code, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { AuditPage, AuditRow } from '../../../contract/accessSchemas.ts'
import { actions } from '../../../contract/actions.ts'
import { send } from '../../api/send.ts'
import { Empty } from '../../parts/Empty.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { Problem } from '../../parts/Problem.tsx'

const route = getRouteApi('/shell/administration/audit')

/** Every change and every download: who, what, when, from where, with which result. */
export function Audit() {
  const asked = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: ['audit', asked],
    queryFn: ({ pageParam, signal }) => {
      const search = new URLSearchParams({ limit: '50' })
      for (const [name, value] of Object.entries(asked)) if (value !== undefined) search.set(name, value)
      if (pageParam !== null) search.set('before', String(pageParam))
      return send<AuditPage>('GET', `/v1/audit?${search}`, undefined, signal)
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  })
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? []
  return (
    <Stack>
      <Filters />
      {query.isError && <Problem error={query.error} />}
      {query.data !== undefined && rows.length === 0 && <Empty title="No such row">Search for less.</Empty>}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={820} type="native">
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>Who</Table.Th>
                <Table.Th>What</Table.Th>
                <Table.Th>Of</Table.Th>
                <Table.Th>Result</Table.Th>
                <Table.Th>From</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {query.hasNextPage && (
        <Button variant="default" w="fit-content" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Older ones
        </Button>
      )}
    </Stack>
  )
}

function Filters() {
  const { actor = '', action = '', site = '', result } = route.useSearch()
  const navigate = route.useNavigate()
  const [typed, setTyped] = useState({ actor, action, site })
  const find = useDebouncedCallback(
    (next: typeof typed) =>
      void navigate({
        search: (before) => ({
          ...before,
          actor: next.actor || undefined,
          action: next.action || undefined,
          site: next.site || undefined,
        }),
        replace: true,
      }),
    300,
  )
  const change = (part: Partial<typeof typed>): void => {
    const next = { ...typed, ...part }
    setTyped(next)
    find(next)
  }
  return (
    <Group gap="sm">
      <TextInput label="Who" value={typed.actor} onChange={(event) => change({ actor: event.currentTarget.value })} />
      <TextInput
        label="What"
        placeholder="backup."
        value={typed.action}
        onChange={(event) => change({ action: event.currentTarget.value })}
      />
      <TextInput label="Site" value={typed.site} onChange={(event) => change({ site: event.currentTarget.value })} />
      <Select
        label="Result"
        placeholder="All"
        clearable
        data={[
          { value: 'done', label: 'Done' },
          { value: 'failed', label: 'Refused or failed' },
        ]}
        value={result ?? null}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, result: (['done', 'failed'] as const).find((one) => one === value) }),
          })
        }
        clearButtonProps={{ 'aria-label': 'All results' }}
      />
    </Group>
  )
}

function Row({ row }: { row: AuditRow }) {
  const { at, actor, action, subject, result, address, details } = row
  const means = Object.hasOwn(actions, action) ? actions[action as keyof typeof actions].means : action
  const more = Object.keys(details).length === 0 ? null : JSON.stringify(details)
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Moment at={at} />
      </Table.Td>
      <Table.Td className="anywhere">{actor.name}</Table.Td>
      <Table.Td>
        <Text size="sm" title={means}>
          {action}
        </Text>
        {more !== null && (
          <Text size="xs" c="dimmed" className="anywhere" lineClamp={2} title={more}>
            {more}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="anywhere">{subject}</Table.Td>
      <Table.Td>{result === 'done' ? 'done' : <Code>{result}</Code>}</Table.Td>
      <Table.Td>{address}</Table.Td>
    </Table.Tr>
  )
}
