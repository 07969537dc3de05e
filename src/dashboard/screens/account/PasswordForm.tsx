import { Checkbox, PasswordInput, Text } from '@mantine/core'
import { useState } from 'react'
import type { PasswordInput as Wanted, Whoami } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { CardForm } from '../../parts/CardForm.tsx'

export function PasswordForm({ me }: { me: Whoami }) {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const [revokeTokens, setRevokeTokens] = useState(false)
  const change = useChange((wanted: Wanted) => send<Whoami>('POST', '/v1/account/password', wanted), {
    ...{ inForm: true, said: 'The password is changed, and you are logged out everywhere else' },
    onDone() {
      setCurrent('')
      setPassword('')
      setRevokeTokens(false)
    },
  })
  return (
    <CardForm
      title="Password"
      error={change.error}
      onSubmit={() => change.mutate({ password, revokeTokens, ...(me.hasPassword ? { current } : {}) })}
      buttons={
        <BusyButton type="submit" loading={change.isPending}>
          {me.hasPassword ? 'Change the password' : 'Set the password'}
        </BusyButton>
      }
    >
      {me.hasPassword ? (
        <PasswordInput
          label="The password now"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          autoComplete="current-password"
        />
      ) : (
        <Text size="sm">There is none yet: you logged in by a link.</Text>
      )}
      <PasswordInput
        label="The new one"
        required
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="new-password"
      />
      <Checkbox
        label="Revoke my machine tokens too"
        description="When somebody else may know the password; scripts need new ones then"
        checked={revokeTokens}
        onChange={(event) => setRevokeTokens(event.currentTarget.checked)}
      />
    </CardForm>
  )
}
