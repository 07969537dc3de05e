import { Alert, Button, Group, MultiSelect, Select, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { TokenCreated, TokenInput } from '../../../contract/accessSchemas.ts'
import { type Action, actionNames, actions } from '../../../contract/actions.ts'
import { overviewQuery } from '../../api/queries.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { CopyLine } from '../../parts/Copy.tsx'
import { ModalForm } from '../../parts/ModalForm.tsx'

const lives = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: '', label: 'Never' },
]
const offered = actionNames
  .filter((name) => ['site', 'somewhere', 'installation'].includes(actions[name].on))
  .map((value) => ({ value, label: `${value}: ${actions[value].means}` }))

/** A token may be narrower than its person; it is shown once. */
export function CreateToken() {
  const [opened, { open, close }] = useDisclosure()
  const [name, setName] = useState('')
  const [life, setLife] = useState<string | null>('90')
  const [sites, setSites] = useState<string[]>([])
  const [chosen, setChosen] = useState<string[]>([])
  const { data: overview } = useQuery(overviewQuery)
  const create = useChange((input: TokenInput) => send<TokenCreated>('POST', '/v1/tokens', input), {
    inForm: true,
    forget: ['tokens'],
  })
  const submit = (): void =>
    create.mutate({
      name,
      expiresInDays: life === null || life === '' ? null : Number(life),
      sites: sites.length === 0 ? null : sites,
      actions: chosen.length === 0 ? null : (chosen as Action[]),
    })
  const leave = (): void => {
    close()
    if (create.data === undefined) return // closed by mistake: what was typed is there again
    create.reset()
    setName('')
    setLife('90')
    setSites([])
    setChosen([])
  }
  return (
    <>
      <Button size="xs" onClick={open}>
        Create machine token
      </Button>
      <ModalForm
        opened={opened}
        onClose={leave}
        title="Create machine token"
        size="lg"
        button="Create"
        busy={create.isPending}
        error={create.error}
        onSubmit={submit}
        instead={create.data === undefined ? undefined : <Shown secret={create.data.secret} onDone={leave} />}
      >
        <TextInput
          label="Name"
          description="What it is for"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Select label="Expires" data={lives} value={life} onChange={setLife} allowDeselect={false} />
        <MultiSelect
          label="Sites"
          placeholder={sites.length === 0 ? 'All that you see' : ''}
          searchable
          limit={100}
          data={overview?.sites.map((site) => site.name) ?? []}
          value={sites}
          onChange={setSites}
        />
        <MultiSelect
          label="Actions"
          placeholder={chosen.length === 0 ? 'All that you may' : ''}
          searchable
          data={offered}
          value={chosen}
          onChange={setChosen}
        />
      </ModalForm>
    </>
  )
}

function Shown({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="yellow">It is shown this once: copy it now.</Alert>
      <CopyLine label="Machine token" value={secret} />
      <CopyLine
        label="Log in with it"
        value="cairn auth:login --machine-token=-"
        remark="It asks for the token, so that nobody sees it"
      />
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  )
}
