import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import type { CodeView } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { Frame } from './Frame.tsx'
import { UseCode } from './UseCode.tsx'

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
