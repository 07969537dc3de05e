import { Checkbox, Group, List, Paper, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { EnvironmentView } from '../../../contract/schemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useChange, useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { plural } from '../../words/count.ts'

/** Away with an attached environment, which stays where it is; with its undo sets, where that is wanted. */
export function Detach({ environment }: { environment: EnvironmentView }) {
  const place = { site: environment.site, environment: environment.name }
  const name = `${place.site}.${place.environment}`
  const [opened, { open, close }] = useDisclosure()
  const [dropUndo, setDropUndo] = useState(false)
  const navigate = useNavigate()
  const where = `${environmentPath(place)}/detach`
  const forget = useChange((confirm: string) => send<null>('POST', where, { confirm }), {
    ...{ inForm: true, forget: ['overview'], said: `Detached ${name}` },
    onDone: () => void navigate({ to: '/' }),
  })
  const drop = useStart((confirm: string) => send<Started>('POST', where, { confirm, dropUndo: true }), {
    inForm: true,
    onStarted: ({ id }) => void navigate({ to: '/workflows/$id', params: { id } }),
  })
  const detach = dropUndo ? drop : forget
  return (
    <Paper withBorder p="md" radius="md" maw={860}>
      <Stack>
        <Title order={3} size="h4">
          Detach
        </Title>
        <Text size="sm">Cairn forgets it. The site itself is not touched, and its backups stay.</Text>
        <Group>
          <ActionButton action="site.detach" {...place} color="red" variant="light" onClick={open}>
            Detach…
          </ActionButton>
        </Group>
      </Stack>
      <ConfirmModal
        opened={opened}
        onClose={() => {
          close()
          setDropUndo(false)
          forget.reset()
          drop.reset()
        }}
        title={`Detach ${name}`}
        warning={`Cairn forgets ${name}: it is backed up no more, and can be restored no more until it is attached anew under this name.`}
        typed={name}
        button="Detach"
        busy={detach.isPending}
        error={detach.error}
        onConfirm={(typed) => detach.mutate(typed)}
      >
        <Text size="sm">
          What stays: its directory and its database as they are, and all its backups. They can be downloaded, and a managed site
          can be made out of them.
        </Text>
        <Kept undoSets={environment.undoSets} dropUndo={dropUndo} onChange={setDropUndo} />
      </ConfirmModal>
    </Paper>
  )
}

interface KeptProps {
  undoSets: EnvironmentView['undoSets']
  dropUndo: boolean
  onChange: (dropUndo: boolean) => void
}

/** What is lost, where a restore could still be taken back. */
function Kept({ undoSets, dropUndo, onChange }: KeptProps) {
  const [newest] = undoSets
  if (newest === undefined) return null
  return (
    <>
      <Text size="sm">
        {plural(undoSets.length, 'restore')} can still be taken back, since what {undoSets.length === 1 ? 'it' : 'they'} replaced
        is kept beside the site:
      </Text>
      <List size="sm">
        {undoSets.map(({ restoredAt, keepUntil, state }) => (
          <List.Item key={restoredAt}>
            the restore of <Moment at={restoredAt} />
            {state === 'undone' && ', which is undone and could be done again'}
            {keepUntil !== null && (
              <>
                , kept until <Moment at={keepUntil} only="day" />
              </>
            )}
          </List.Item>
        ))}
      </List>
      <Checkbox
        label="Delete this too: none of it can be undone any more"
        description="Without it, this can be detached once the last of them is over"
        checked={dropUndo}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </>
  )
}
