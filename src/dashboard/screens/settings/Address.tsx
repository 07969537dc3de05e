import { Alert, Code, Group, Paper, Stack, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import type { EnvironmentView } from '../../../contract/schemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'

/** Where a managed environment is visited. */
export function Address({ environment }: { environment: EnvironmentView }) {
  const place = { site: environment.site, environment: environment.name }
  const name = `${place.site}.${place.environment}`
  const [url, setUrl] = useState(environment.url ?? '')
  const [asked, setAsked] = useState(false)
  const change = useStart(
    (confirm: string) =>
      send<Started>('PATCH', environmentPath(place), {
        url: url.trim() === '' ? null : url.trim(),
        ...(confirm === '' ? {} : { confirm }),
      }),
    { inForm: true, onStarted: () => setAsked(false) },
  )
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack>
        <Title order={3} size="h4">
          Address
        </Title>
        <TextInput
          label="Where it is visited"
          description="Empty is the gateway's own address. The site's database follows"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          placeholder="https://www.example.org"
        />
        <Group>
          <ActionButton
            action="environment.edit"
            {...place}
            blocked={url === (environment.url ?? '') ? 'The address is as it was' : null}
            onClick={() => setAsked(true)}
          >
            Change the address
          </ActionButton>
        </Group>
      </Stack>
      <ConfirmModal
        opened={asked}
        onClose={() => setAsked(false)}
        title={`Change the address of ${name}`}
        typed={place.environment === 'live' ? name : null}
        button="Change"
        color="moss"
        busy={change.isPending}
        error={change.error}
        onConfirm={(typed) => change.mutate(typed)}
      >
        <Alert color="gray">
          From <Code>{environment.url ?? "the gateway's own"}</Code> to <Code>{url === '' ? "the gateway's own" : url}</Code>
        </Alert>
      </ConfirmModal>
    </Paper>
  )
}
