import { Checkbox, Group, NumberInput, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { BackupCreateInput } from '../../../contract/schemas.ts'
import type { Element } from '../../../contract/words.ts'
import type { Started } from '../../../contract/workSchemas.ts'
import { environmentPath, type Place } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ModalForm } from '../../parts/ModalForm.tsx'
import { elementOrder, elementWords } from '../../words/elements.ts'

const keepDefault = 365

/** A backup by hand: of which elements, and for how long. */
export function CreateBackup({ place, blocked }: { place: Place; blocked: string | null }) {
  const [opened, { open, close }] = useDisclosure()
  const [chosen, setChosen] = useState<Element[]>([...elementOrder])
  const [keepForDays, setKeepForDays] = useState<number | ''>(keepDefault)
  const [note, setNote] = useState('')
  const create = useStart((input: BackupCreateInput) => send<Started>('POST', `${environmentPath(place)}/backups`, input), {
    inForm: true,
    onStarted() {
      close()
      setNote('')
    },
  })
  return (
    <>
      <ActionButton
        action="backup.create"
        {...place}
        blocked={blocked}
        onClick={open}
        leftSection={<Plus size={16} aria-hidden />}
      >
        Create backup
      </ActionButton>
      <ModalForm
        opened={opened}
        onClose={close}
        title={`Create backup of ${place.site}.${place.environment}`}
        button="Create backup"
        busy={create.isPending}
        error={create.error}
        incomplete={chosen.length === 0 || keepForDays === ''}
        onSubmit={() => {
          if (keepForDays !== '') create.mutate({ elements: chosen, keepForDays, ...(note === '' ? {} : { note }) })
        }}
      >
        <Checkbox.Group label="Elements" value={chosen} onChange={(value) => setChosen(value as Element[])}>
          <Group mt={4}>
            {elementOrder.map((element) => (
              <Checkbox key={element} value={element} label={elementWords[element]} />
            ))}
          </Group>
        </Checkbox.Group>
        <NumberInput
          label="Keep for"
          suffix=" days"
          min={1}
          max={36_500}
          value={keepForDays}
          required
          onChange={(value) => setKeepForDays(value === '' ? '' : Number(value))}
        />
        <TextInput
          label="Note"
          description="What people should know of it"
          maxLength={2000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </ModalForm>
    </>
  )
}
