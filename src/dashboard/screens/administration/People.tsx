import { Badge, Group, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { People as PeopleAnswer, PersonView } from '../../../contract/accessSchemas.ts'
import { roleMeanings, roles } from '../../../contract/actions.ts'
import { send } from '../../api/send.ts'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { Empty } from '../../parts/Empty.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { useMe } from '../../session/useSession.ts'
import { Invite } from './Invite.tsx'
import { PersonActions } from './PersonActions.tsx'

const columns: Column<PersonView>[] = [
  { head: 'Person', cell: (person) => <Name person={person} /> },
  { head: 'Roles', cell: (person) => <Roles person={person} /> },
  { head: 'Last seen', cell: (person) => <LastSeen person={person} /> },
]

/** People and what each may. */
export function People() {
  const query = useQuery({ queryKey: ['people'], queryFn: () => send<PeopleAnswer>('GET', '/v1/people') })
  return (
    <Stack>
      <Group justify="flex-end">
        <Invite />
      </Group>
      <DataTable
        label="People"
        query={query}
        rows={({ people }) => people}
        columns={columns}
        keyOf={({ id }) => id}
        actions={(person) => <PersonActions person={person} />}
        minWidth={720}
        empty={<Empty title="Nobody yet">Invite a person: the link is given on by hand.</Empty>}
      />
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

function Name({ person: { id, name, email } }: { person: PersonView }) {
  const me = useMe()
  return (
    <>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        {me?.personId === id && <Badge size="xs">you</Badge>}
      </Group>
      <Text size="sm" c="dimmed">
        {email}
      </Text>
    </>
  )
}

function Roles({ person: { everywhere, sites } }: { person: PersonView }) {
  if (everywhere === null && sites.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        none
      </Text>
    )
  }
  return (
    <Group gap={4}>
      {everywhere !== null && <Badge variant="light">{everywhere} over all</Badge>}
      {sites.map(({ site, role }) => (
        <Badge key={site} variant="default" tt="none">
          {role} on {site}
        </Badge>
      ))}
    </Group>
  )
}

function LastSeen({ person: { lastSeenAt, linkUntil, hasPassword } }: { person: PersonView }) {
  return (
    <>
      <Text size="sm">{lastSeenAt === null ? 'never' : <Moment at={lastSeenAt} only="ago" />}</Text>
      {linkUntil !== null && (
        <Text size="xs" c="dimmed">
          {hasPassword ? 'reset link' : 'invitation'} ends <InFuture at={linkUntil} />
        </Text>
      )}
    </>
  )
}
