import { Alert, Button, Checkbox, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { CodeView, UseCodeInput, Whoami } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { plural } from '../../words/size.ts'
import { Frame } from './Frame.tsx'
import { useSignedIn } from './Login.tsx'

const titles: Record<string, string> = {
  '/setup': 'Welcome to Cairn',
  '/invitation': 'Welcome to Cairn',
  '/reset': 'Choose a new password',
  '/login-link': 'Log in by a link',
}

/** What a one-time code opens: the first account, an invitation, a new password, or simply the door. */
export function OneTimeCode() {
  const { pathname, hash } = useLocation()
  const [typed, setTyped] = useState('')
  const [entered, setEntered] = useState<string | null>(null)
  const code = entered ?? hash // the address may be opened in a page that is here already
  return (
    <Frame title={titles[pathname] ?? 'Cairn'}>
      {code === '' ? (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            setEntered(typed.trim())
          }}
        >
          <Stack>
            <Text size="sm">
              {pathname === '/setup'
                ? 'Nobody has an account here yet. Cairn printed an address with a one-time code when it started: open that address, or copy the code from it.'
                : 'Open the address that you were given whole, or copy the code that stands behind its #.'}
            </Text>
            <TextInput label="One-time code" required value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            <Button type="submit">Go on</Button>
          </Stack>
        </form>
      ) : (
        <WithCode key={code} code={code} onOther={() => setEntered('')} />
      )}
    </Frame>
  )
}

function WithCode({ code, onOther }: { code: string; onOther: () => void }) {
  const found = useQuery({
    queryKey: ['code', code],
    queryFn: () => send<CodeView>('POST', '/v1/one-time-codes/look', { code }),
    retry: false,
    gcTime: 0,
    refetchOnWindowFocus: false,
  })
  if (found.isError) {
    return (
      <>
        <Problem error={found.error} />
        <Button variant="default" onClick={onOther}>
          Another code
        </Button>
      </>
    )
  }
  return (
    <Loaded query={found} rows={3}>
      {(view) => <UseCode code={code} view={view} />}
    </Loaded>
  )
}

function UseCode({ code, view }: { code: string; view: CodeView }) {
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
        <Button type="submit" loading={use.isPending}>
          {purpose === 'setup' ? 'Make the account' : purpose === 'login' ? 'Log in' : 'Set the password and log in'}
        </Button>
      </Stack>
    </form>
  )
}

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone
