import { Alert, Checkbox, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { CodeView, UseCodeInput, Whoami } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { plural } from '../../words/count.ts'
import { useSignedIn } from './Login.tsx'

/** What the code wants to know: for the first account a name, for a new password the password. */
export function UseCode({ code, view }: { code: string; view: CodeView }) {
  const [email, setEmail] = useState(view.email)
  const [name, setName] = useState(view.name)
  const [password, setPassword] = useState('')
  const [repeated, setRepeated] = useState('')
  const [revokeTokens, setRevokeTokens] = useState(false)
  const goOn = useSignedIn()
  const use = useChange((input: UseCodeInput) => send<Whoami>('POST', '/v1/one-time-codes/use', input), {
    inForm: true,
    onDone: goOn,
  })
  const { purpose } = view
  const differ = repeated !== '' && repeated !== password
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (purpose === 'login') return use.mutate({ code })
    if (password !== repeated) return setRepeated(repeated === '' ? ' ' : repeated)
    use.mutate({ code, password, revokeTokens, timeZone: ownZone(), ...(purpose === 'setup' ? { email, name } : {}) })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {purpose === 'setup' && <Text size="sm">This makes the first account, which owns this installation.</Text>}
        {purpose === 'login' && <Text size="sm">You log in as {view.email}. The link is good for this once.</Text>}
        {purpose === 'setup' ? (
          <>
            <TextInput
              label="Your name"
              required
              autoComplete="name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label="E-mail address"
              type="email"
              required
              autoComplete="username"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
          </>
        ) : (
          purpose !== 'login' && <Alert color="gray">{`For ${view.name} (${view.email})`}</Alert>
        )}
        {purpose !== 'login' && (
          <>
            <PasswordInput
              label="Password"
              description="Long is good: several words do better than one with signs"
              required
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <PasswordInput
              label="The password again"
              required
              autoComplete="new-password"
              value={repeated}
              onChange={(event) => setRepeated(event.currentTarget.value)}
              error={differ ? 'The two are not the same' : null}
            />
          </>
        )}
        {purpose === 'reset' && view.tokens > 0 && (
          <Checkbox
            label={`Revoke my ${plural(view.tokens, 'machine token')} too`}
            description="When somebody else may know the old password; scripts need new ones then"
            checked={revokeTokens}
            onChange={(event) => setRevokeTokens(event.currentTarget.checked)}
          />
        )}
        {use.isError && <Problem error={use.error} />}
        <BusyButton type="submit" loading={use.isPending}>
          {purpose === 'setup' ? 'Make the account' : purpose === 'login' ? 'Log in' : 'Set the password and log in'}
        </BusyButton>
      </Stack>
    </form>
  )
}

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone
