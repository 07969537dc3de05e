import { Badge, Button, Group, Paper, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Sessions, SessionView } from '../../../contract/accessSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { Moment } from '../../parts/Moment.tsx'

const columns: Column<SessionView>[] = [
  {
    head: 'Where',
    cell: ({ client, current, address }) => (
      <>
        <Group gap="xs">
          <Text size="sm" title={client ?? ''}>
            {browserName(client)}
          </Text>
          {current && <Badge size="sm">here</Badge>}
        </Group>
        <Text size="xs" c="dimmed">
          {address}
        </Text>
      </>
    ),
  },
  { head: 'Since', cell: ({ createdAt }) => <Moment at={createdAt} />, oneLine: true },
  { head: 'Last used', cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} only="ago" />, oneLine: true },
]

/** Where one is logged in, each to be ended from here. */
export function SessionList() {
  const query = useQuery({ queryKey: ['sessions'], queryFn: () => send<Sessions>('GET', '/v1/sessions') })
  const end = useChange((id: string) => send('DELETE', path('/v1/sessions/:id', { id })), {
    ...{ forget: ['sessions'], said: 'Logged out there' },
  })
  return (
    <Paper withBorder p="md" radius="md">
      <Title order={2} size="h4" mb="sm">
        Logged in
      </Title>
      <DataTable
        label="Where you are logged in"
        query={query}
        rows={({ sessions }) => sessions}
        columns={columns}
        keyOf={({ id }) => id}
        actions={({ id, current }) =>
          !current && (
            <Button size="compact-xs" variant="default" onClick={() => end.mutate(id)}>
              Log out there
            </Button>
          )
        }
        minWidth={560}
        spacing="xs"
        empty={<Text c="dimmed">In no browser.</Text>}
      />
    </Paper>
  )
}

/** `Firefox on Linux`, out of what browsers call themselves; the whole is in the title. */
function browserName(client: string | null): string {
  if (client === null) return 'An unknown browser'
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => client.includes(`${name}/`))
  const system = ['Windows', 'Android', 'iPhone', 'Mac OS X', 'Linux'].find((name) => client.includes(name))
  if (browser === undefined) return client.slice(0, 60)
  return `${browser === 'Edg' ? 'Edge' : browser}${system === undefined ? '' : ` on ${system}`}`
}
