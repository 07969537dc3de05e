import { Paper, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'

/** Files and database away; the code stays. */
export function Wipe({ place, blocked }: { place: Place; blocked: string | null }) {
  const name = `${place.site}.${place.environment}`
  const [opened, { open, close }] = useDisclosure()
  const navigate = useNavigate()
  const wipe = useStart((confirm: string) => send<Started>('POST', `${environmentPath(place)}/wipe`, { confirm }), {
    inForm: true,
    onStarted({ id }) {
      close()
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  return (
    <Paper withBorder p="md" radius="md" maw={640}>
      <Stack align="flex-start">
        <Text>Deletes all files and the whole database of {name}. The code stays, and its address shows the installer then.</Text>
        <ActionButton action="environment.wipe" {...place} blocked={blocked} color="red" onClick={open}>
          Wipe {place.environment}
        </ActionButton>
      </Stack>
      <ConfirmModal
        opened={opened}
        onClose={close}
        title={`Wipe ${name}`}
        warning={`This is destructive: it deletes all files and the whole database of ${name}. A backup of the present state is taken first, and Undo brings all back.`}
        typed={name}
        button="Wipe"
        busy={wipe.isPending}
        error={wipe.error}
        onConfirm={(typed) => wipe.mutate(typed)}
      />
    </Paper>
  )
}
