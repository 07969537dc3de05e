import { Button, Group, Paper, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Tokens, TokenView } from '../../../contract/accessSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { type Column, DataTable } from '../../parts/DataTable.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { CreateToken } from './CreateToken.tsx'

const columns: Column<TokenView>[] = [
  {
    head: 'Name',
    cell: ({ name, isOfServer }) => (
      <>
        <Text size="sm">{name}</Text>
        {isOfServer && <Text size="xs">commands on the server itself</Text>}
      </>
    ),
  },
  {
    head: 'May',
    cell: ({ actions, sites }) => (
      <>
        <Text size="sm">{actions === null ? 'all that you may' : actions.join(', ')}</Text>
        {sites !== null && (
          <Text size="xs">{sites.length === 0 ? 'on no site: they are deleted' : `on ${sites.join(', ')}`}</Text>
        )}
      </>
    ),
  },
  { head: 'Expires', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <InFuture at={expiresAt} />), oneLine: true },
  {
    head: 'Last used',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Moment at={lastUsedAt} only="ago" />),
    oneLine: true,
  },
]

/** Machine tokens: what programs log in with. */
export function TokenList() {
  const query = useQuery({ queryKey: ['tokens'], queryFn: () => send<Tokens>('GET', '/v1/tokens') })
  const [leaving, setLeaving] = useState<TokenView | null>(null)
  const revoke = useChange((id: string) => send('DELETE', path('/v1/tokens/:id', { id })), {
    ...{ inForm: true, forget: ['tokens'], said: 'Revoked: it is refused from now on' },
    onDone: () => setLeaving(null),
  })
  return (
    <Paper withBorder p="md" radius="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          Machine tokens
        </Title>
        <CreateToken />
      </Group>
      <DataTable
        label="Machine tokens"
        query={query}
        rows={({ tokens }) => tokens}
        columns={columns}
        keyOf={({ id }) => id}
        actions={(token) => (
          <Button size="compact-xs" variant="default" onClick={() => setLeaving(token)} aria-label={`Revoke ${token.name}`}>
            Revoke
          </Button>
        )}
        minWidth={620}
        spacing="xs"
        empty={<Text c="dimmed">None yet. A script, git or the command line logs in with one: create it here.</Text>}
      />
      <ConfirmModal
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Revoke "${leaving?.name ?? ''}"`}
        typed={null}
        button="Revoke"
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => {
          if (leaving !== null) revoke.mutate(leaving.id)
        }}
      >
        <Text size="sm">
          {leaving?.isOfServer === true
            ? 'Every cairn command on the server itself, those of cron too, is refused until the server is started again.'
            : 'Whatever logs in with it is refused from then on.'}
        </Text>
      </ConfirmModal>
    </Paper>
  )
}
