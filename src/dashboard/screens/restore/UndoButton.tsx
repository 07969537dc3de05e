import { Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Redo2, Undo2 } from 'lucide-react'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, environmentQuery, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { Moment } from '../../parts/Moment.tsx'

/** Undo of the last change of an environment, or that change again; nothing where there is neither. */
export function UndoButton({ place, size = 'xs' }: { place: Place; size?: string }) {
  const { data } = useQuery(environmentQuery(place))
  const [opened, { open, close }] = useDisclosure()
  const navigate = useNavigate()
  const undo = useStart(() => send<Started>('POST', `${environmentPath(place)}/undo`), {
    inForm: true,
    onStarted({ id }) {
      close()
      void navigate({ to: '/workflows/$id', params: { id } })
    },
  })
  const found = data?.undo
  if (found === null || found === undefined) return null
  const again = found.state === 'undone'
  return (
    <>
      <ActionButton
        action="environment.undo"
        {...place}
        size={size}
        variant="default"
        leftSection={again ? <Redo2 size={14} aria-hidden /> : <Undo2 size={14} aria-hidden />}
        onClick={open}
      >
        {again ? 'Redo' : 'Undo'}
      </ActionButton>
      <ConfirmModal
        opened={opened}
        onClose={close}
        title={again ? `Redo on ${place.site}.${place.environment}` : `Undo on ${place.site}.${place.environment}`}
        typed={null}
        button={again ? 'Redo' : 'Undo'}
        busy={undo.isPending}
        error={undo.error}
        onConfirm={() => undo.mutate()}
      >
        <Text size="sm">
          {again ? 'The change' : 'The environment goes back to what it was before the change'} of{' '}
          <Moment at={found.restoredAt} />
          {again ? ' is done again.' : '. What was written since then is put aside: Redo brings it back.'}
        </Text>
        {found.keepUntil !== null && (
          <Text size="sm" c="dimmed">
            This is possible until <Moment at={found.keepUntil} />.
          </Text>
        )}
      </ConfirmModal>
    </>
  )
}
