import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { path, send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'

const needed = ['dev', 'test', 'live']

/** Away with a further environment, or with the whole site; backups stay. */
export function DeletePlace({ place }: { place: Place }) {
  const [what, setWhat] = useState<'environment' | 'site' | null>(null)
  const { site, environment } = place
  const name = what === 'site' ? site : `${site}.${environment}`
  const where = what === 'site' ? path('/v1/sites/:site', { site }) : environmentPath(place)
  const navigate = useNavigate()
  const remove = useStart((confirm: string) => send<Started>('DELETE', `${where}?confirm=${encodeURIComponent(confirm)}`), {
    inForm: true,
    onStarted({ id }) {
      setWhat(null)
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack>
        <Title order={3} size="h4">
          Delete
        </Title>
        <Text size="sm">A last backup is taken first, and all backups stay: a site can be made out of one again.</Text>
        <Group>
          <ActionButton
            action="environment.delete"
            {...place}
            color="red"
            variant="light"
            blocked={needed.includes(environment) ? `${environment} belongs to the site: delete the site` : null}
            onClick={() => setWhat('environment')}
          >
            Delete {environment}
          </ActionButton>
          <ActionButton action="site.delete" site={site} color="red" variant="light" onClick={() => setWhat('site')}>
            Delete the site {site}
          </ActionButton>
        </Group>
      </Stack>
      <ConfirmModal
        opened={what !== null}
        onClose={() => setWhat(null)}
        title={`Delete ${name}`}
        warning={
          what === 'site'
            ? 'All environments of the site, with code, files and databases.'
            : 'The environment, with its files and database.'
        }
        typed={name}
        button="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={(typed) => remove.mutate(typed)}
      />
    </Paper>
  )
}
