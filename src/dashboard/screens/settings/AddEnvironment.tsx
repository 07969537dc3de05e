import { TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Started } from '../../../contract/workSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useStart } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { CardForm } from '../../parts/CardForm.tsx'

/** One more environment: a copy of this one. */
export function AddEnvironment({ site, from }: { site: string; from: string }) {
  const [environment, setEnvironment] = useState('')
  const navigate = useNavigate()
  const add = useStart(() => send<Started>('POST', path('/v1/sites/:site/environments', { site }), { environment, from }), {
    inForm: true,
    onStarted: ({ id }) => void navigate({ to: '/workflows/$id', params: { id } }),
  })
  return (
    <CardForm
      title="One more environment"
      order={3}
      maw={860}
      error={add.error}
      onSubmit={() => add.mutate()}
      buttons={
        <ActionButton
          type="submit"
          action="environment.create"
          site={site}
          blocked={environment === '' ? 'Give it a name first' : null}
          loading={add.isPending}
        >
          Add environment
        </ActionButton>
      }
    >
      <TextInput
        label="Name"
        description={`At most 11 small letters and digits. It begins as a copy of ${from}`}
        value={environment}
        onChange={(event) => setEnvironment(event.currentTarget.value)}
      />
    </CardForm>
  )
}
