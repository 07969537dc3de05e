import { Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { AccountChange, Whoami } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { CardForm } from '../../parts/CardForm.tsx'

const zones = Intl.supportedValuesOf('timeZone')

export function ProfileForm({ me }: { me: Whoami }) {
  const [name, setName] = useState(me.personName)
  const [timeZone, setTimeZone] = useState(me.timeZone)
  const save = useChange((change: AccountChange) => send<Whoami>('PATCH', '/v1/account', change), {
    ...{ inForm: true, forget: ['session'], said: 'Saved' },
  })
  return (
    <CardForm
      title="Profile"
      error={save.error}
      onSubmit={() => save.mutate({ name, timeZone })}
      buttons={
        <BusyButton type="submit" loading={save.isPending}>
          Save
        </BusyButton>
      }
    >
      <TextInput
        label="Name"
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="name"
      />
      <Select
        label="Time zone"
        description="In which times are shown to you"
        placeholder={`As the browser: ${Intl.DateTimeFormat().resolvedOptions().timeZone}`}
        searchable
        clearable
        limit={50}
        data={zones}
        value={timeZone}
        onChange={setTimeZone}
        clearButtonProps={{ 'aria-label': "The browser's own" }}
      />
    </CardForm>
  )
}
