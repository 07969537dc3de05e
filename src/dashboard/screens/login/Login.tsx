import { PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import type { Whoami } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { sessionQuery } from '../../session/sessionQuery.ts'
import { Frame } from './Frame.tsx'

const route = getRouteApi('/login')

export function Login() {
  const { back } = route.useSearch()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const goOn = useSignedIn(back)
  const login = useChange(() => send<Whoami>('POST', '/v1/session', { email, password }), { inForm: true, onDone: goOn })
  return (
    <Frame title="Log in">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          login.mutate()
        }}
      >
        <Stack>
          <TextInput
            label="E-mail address"
            type="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {login.isError && <Problem error={login.error} />}
          <BusyButton type="submit" loading={login.isPending}>
            Log in
          </BusyButton>
          <Text size="sm" c="dimmed">
            Forgotten? An administrator of this installation makes a link with which you choose a new password.
          </Text>
        </Stack>
      </form>
    </Frame>
  )
}

/** To where one was going, with the session known. */
export function useSignedIn(back?: string): (me: Whoami) => void {
  const client = useQueryClient()
  const router = useRouter()
  return (me) => {
    client.removeQueries({ type: 'inactive' }) // what somebody else saw here before
    client.setQueryData(sessionQuery.queryKey, { me, setUpNeeded: false })
    router.history.push(back?.startsWith('/') === true && !back.startsWith('//') ? back : '/')
  }
}
