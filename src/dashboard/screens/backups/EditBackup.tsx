import { NumberInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { BackupChange, BackupView } from '../../../contract/schemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ModalForm } from '../../parts/ModalForm.tsx'
import { dayText } from '../../words/time.ts'

/** What people should know of a backup, and how long it is kept. */
export function EditBackup({ backup, onClose }: { backup: BackupView; onClose: () => void }) {
  const [note, setNote] = useState(backup.note ?? '')
  const [days, setDays] = useState<number | null>(null)
  const save = useChange((change: BackupChange) => send('PATCH', path('/v1/backups/:id', { id: backup.id }), change), {
    ...{ inForm: true, forget: ['site', backup.site], said: 'Saved' },
    onDone: onClose,
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title="Note and expiry"
      button="Save"
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate({ note: note === '' ? null : note, ...(days === null ? {} : { keepForDays: days }) })}
    >
      <TextInput
        label="Note"
        maxLength={2000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        data-autofocus
      />
      <NumberInput
        label="Keep for"
        description={backup.expiresAt === null ? 'It is kept for ever' : `It is kept until ${dayText(backup.expiresAt)}`}
        placeholder="as it is"
        suffix=" days from now"
        min={1}
        max={36_500}
        value={days ?? ''}
        onChange={(value) => setDays(value === '' ? null : Number(value))}
      />
    </ModalForm>
  )
}
