import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { AttachFields } from '../../attach/AttachFields.tsx'
import { useAttach } from '../../attach/useAttach.ts'
import type { EnvironmentView } from '../../../contract/schemas.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ModalForm } from '../../parts/ModalForm.tsx'

/** For an attached environment that has moved, or has other credentials: what is found now is shown before it is kept. */
export function AttachAgain({ environment }: { environment: EnvironmentView }) {
  const place = { site: environment.site, environment: environment.name }
  const name = `${place.site}.${place.environment}`
  const [opened, { open, close }] = useDisclosure()
  const attaching = useAttach({
    ...{ place, directory: environment.codeRoot, again: true, said: `Attached ${name} again` },
    onAttached: () => leave(),
  })
  const { directory, found, busy, error, next, reset } = attaching
  const leave = (): void => {
    close()
    reset()
  }
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack>
        <Title order={3} size="h4">
          Attach again
        </Title>
        <Text size="sm">
          When it has moved, or has other credentials: Cairn looks once more what is there. Its backups stay its own.
        </Text>
        <Group>
          <ActionButton action="site.attach" {...place} variant="default" onClick={open}>
            Attach again…
          </ActionButton>
        </Group>
      </Stack>
      <ModalForm
        opened={opened}
        onClose={leave}
        title={`Attach ${name} again`}
        size="lg"
        button={found === null ? 'Look what is there' : 'Keep this'}
        busy={busy}
        error={error}
        incomplete={directory === ''}
        onSubmit={next}
      >
        <AttachFields attaching={attaching} known={environment} />
      </ModalForm>
    </Paper>
  )
}
