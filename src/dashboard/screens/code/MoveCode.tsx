import { Group, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { CodeCommit } from '../../../contract/managedSchemas.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'

/** Back to an earlier commit: by a new one on top, or by taking the later ones out of the history. */
export function MoveCode({ place, commit }: { place: Place; commit: CodeCommit }) {
  const [how, setHow] = useState<'revert' | 'reset' | null>(null)
  const name = `${place.site}.${place.environment}`
  const short = commit.hash.slice(0, 12)
  const navigate = useNavigate()
  const move = useStart(
    (confirm: string) =>
      send<Started>('POST', `${environmentPath(place)}/${how}-code`, {
        commit: commit.hash,
        ...(how === 'reset' ? { confirm } : {}),
      }),
    {
      inForm: true,
      onStarted({ id }) {
        setHow(null)
        void navigate({ to: '/workflows/$id', params: { id } })
      },
    },
  )
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <ActionButton
        action="environment.revert_code"
        {...place}
        size="compact-xs"
        variant="default"
        onClick={() => setHow('revert')}
        aria-label={`Revert to ${short}`}
      >
        Revert
      </ActionButton>
      <ActionButton
        action="environment.revert_code"
        {...place}
        size="compact-xs"
        variant="default"
        onClick={() => setHow('reset')}
        aria-label={`Reset to ${short}`}
      >
        Reset
      </ActionButton>
      <ConfirmModal
        opened={how !== null}
        onClose={() => setHow(null)}
        title={how === 'reset' ? `Reset ${name} to ${short}` : `Revert ${name} to ${short}`}
        {...(how === 'reset'
          ? { warning: 'The history is rewritten: later commits leave it, and who has a clone must reset it too.' }
          : {})}
        typed={how === 'reset' ? name : null}
        button={how === 'reset' ? 'Reset' : 'Revert'}
        busy={move.isPending}
        error={move.error}
        onConfirm={(typed) => move.mutate(typed)}
      >
        <Text size="sm">
          {how === 'reset'
            ? 'The branch is set to this commit.'
            : 'The code of this commit comes back as a new commit on top; the history is kept.'}{' '}
          A backup of the present state is taken first.
        </Text>
      </ConfirmModal>
    </Group>
  )
}
