import { Badge, Button, Group, Paper, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Sessions } from '../../../contract/accessSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { Moment } from '../../parts/Moment.tsx'

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
      <Loaded query={query} rows={2}>
        {({ sessions }) => (
          <Table.ScrollContainer minWidth={560} type="native">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Where</Table.Th>
                  <Table.Th>Since</Table.Th>
                  <Table.Th>Last used</Table.Th>
                  <Table.Th>
                    <span className="visually-hidden">What can be done</span>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {sessions.map((session) => (
                  <Table.Tr key={session.id}>
                    <Table.Td>
                      <Group gap="xs">
                        <Text size="sm" className="anywhere" title={session.client ?? ''}>
                          {browserName(session.client)}
                        </Text>
                        {session.current && <Badge size="sm">here</Badge>}
                      </Group>
                      <Text size="xs" c="dimmed">
                        {session.address}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Moment at={session.createdAt} />
                    </Table.Td>
                    <Table.Td>
                      <Moment at={session.lastUsedAt} only="ago" />
                    </Table.Td>
                    <Table.Td ta="right">
                      {!session.current && (
                        <Button size="compact-xs" variant="default" onClick={() => end.mutate(session.id)}>
                          Log out there
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
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
