import { Button, Group, Paper, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Tokens, TokenView } from '../../../contract/accessSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { CreateToken } from './CreateToken.tsx'

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
      <Loaded query={query} rows={2}>
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Text c="dimmed">None yet. A script, git or the command line logs in with one: create it here.</Text>
          ) : (
            <Table.ScrollContainer minWidth={620} type="native">
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>May</Table.Th>
                    <Table.Th>Expires</Table.Th>
                    <Table.Th>Last used</Table.Th>
                    <Table.Th>
                      <span className="visually-hidden">What can be done</span>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {tokens.map((token) => (
                    <Table.Tr key={token.id}>
                      <Table.Td className="anywhere">{token.name}</Table.Td>
                      <Table.Td>
                        <Text size="sm">{token.actions === null ? 'all that you may' : token.actions.join(', ')}</Text>
                        {token.sites !== null && <Text size="xs">on {token.sites.join(', ')}</Text>}
                      </Table.Td>
                      <Table.Td>{token.expiresAt === null ? 'never' : <InFuture at={token.expiresAt} />}</Table.Td>
                      <Table.Td>{token.lastUsedAt === null ? 'never' : <Moment at={token.lastUsedAt} only="ago" />}</Table.Td>
                      <Table.Td ta="right">
                        <Button
                          size="compact-xs"
                          variant="default"
                          onClick={() => setLeaving(token)}
                          aria-label={`Revoke ${token.name}`}
                        >
                          Revoke
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
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
        <Text size="sm">Whatever logs in with it is refused from then on.</Text>
      </ConfirmModal>
    </Paper>
  )
}
