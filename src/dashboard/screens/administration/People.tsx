import { Badge, Group, Paper, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { People as PeopleAnswer, PersonView } from '../../../contract/accessSchemas.ts'
import { roleMeanings, roles } from '../../../contract/actions.ts'
import { send } from '../../api/send.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { useMe } from '../../session/useSession.ts'
import { Invite } from './Invite.tsx'
import { PersonActions } from './PersonActions.tsx'

/** People and what each may. */
export function People() {
  const query = useQuery({ queryKey: ['people'], queryFn: () => send<PeopleAnswer>('GET', '/v1/people') })
  return (
    <Stack>
      <Group justify="flex-end">
        <Invite />
      </Group>
      <Loaded query={query} rows={4}>
        {({ people }) => (
          <Table.ScrollContainer minWidth={720} type="native">
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Person</Table.Th>
                  <Table.Th>Roles</Table.Th>
                  <Table.Th>Last seen</Table.Th>
                  <Table.Th>
                    <span className="visually-hidden">What can be done</span>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {people.map((person) => (
                  <Row key={person.id} person={person} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
      <Paper withBorder p="md" radius="md">
        {roles.map((role) => (
          <Text key={role} size="sm">
            <b>{role}</b> {roleMeanings[role]}
          </Text>
        ))}
      </Paper>
    </Stack>
  )
}

function Row({ person }: { person: PersonView }) {
  const me = useMe()
  const { name, email, everywhere, sites, lastSeenAt, linkUntil, hasPassword } = person
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600} className="anywhere">
          {name} {me?.personId === person.id && <Badge size="xs">you</Badge>}
        </Text>
        <Text size="sm" c="dimmed" className="anywhere">
          {email}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {everywhere !== null && <Badge variant="light">{everywhere} over all</Badge>}
          {sites.map(({ site, role }) => (
            <Badge key={site} variant="default" tt="none">
              {role} on {site}
            </Badge>
          ))}
          {everywhere === null && sites.length === 0 && (
            <Text size="sm" c="dimmed">
              none
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{lastSeenAt === null ? 'never' : <Moment at={lastSeenAt} only="ago" />}</Text>
        {linkUntil !== null && (
          <Text size="xs" c="dimmed">
            {hasPassword ? 'reset link' : 'invitation'} ends <InFuture at={linkUntil} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <PersonActions person={person} />
      </Table.Td>
    </Table.Tr>
  )
}
