import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { InstallationSettings as Settings, SettingsChange } from '../../../contract/settingsSchemas.ts'
import { send } from '../../api/send.ts'
import { settingsQuery } from '../../api/settings.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { CardForm } from '../../parts/CardForm.tsx'

/** What holds for everybody on this installation. */
export function InstallationSettings() {
  const query = useQuery(settingsQuery)
  return <Loaded query={query}>{(settings) => <Support settings={settings} />}</Loaded>
}

function Support({ settings }: { settings: Settings }) {
  const [contact, setContact] = useState(settings.supportContact ?? '')
  const save = useChange((change: SettingsChange) => send<Settings>('PATCH', '/v1/settings', change), {
    ...{ inForm: true, forget: ['settings'], said: 'Saved' },
  })
  return (
    <CardForm
      title="Support"
      maw={640}
      error={save.error}
      onSubmit={() => save.mutate({ supportContact: contact.trim() === '' ? null : contact.trim() })}
      buttons={
        <ActionButton type="submit" action="settings.edit" loading={save.isPending}>
          Save
        </ActionButton>
      }
    >
      <TextInput
        label="Whom to ask"
        description="An address, a number, a sentence: it stands beside every workflow that failed"
        maxLength={300}
        value={contact}
        onChange={(event) => setContact(event.currentTarget.value)}
      />
    </CardForm>
  )
}
