import { TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import type { PersonInput, PersonInvited } from '../../../contract/accessSchemas.ts'
import { send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { ModalForm } from '../../parts/ModalForm.tsx'
import { OneTime } from './OneTime.tsx'
import { type Chosen, RoleFields } from './RoleFields.tsx'

/** Invites a person: Cairn sends no mail, so the link is given on by hand. */
export function Invite() {
  const [opened, { open, close }] = useDisclosure()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Chosen>({ site: null, role: 'viewer' })
  const invite = useChange((input: PersonInput) => send<PersonInvited>('POST', '/v1/people', input), {
    inForm: true,
    forget: ['people'],
  })
  const submit = (): void => {
    const { site, role } = chosen
    invite.mutate({
      email,
      ...(name === '' ? {} : { name }),
      ...(site === null ? { everywhere: role } : role === 'owner' ? {} : { sites: [{ site, role }] }),
    })
  }
  const leave = (): void => {
    close()
    invite.reset()
    setEmail('')
    setName('')
  }
  return (
    <>
      <ActionButton action="person.create" onClick={open}>
        Invite a person
      </ActionButton>
      <ModalForm
        opened={opened}
        onClose={leave}
        title="Invite a person"
        button="Invite"
        busy={invite.isPending}
        error={invite.error}
        onSubmit={submit}
        instead={invite.data === undefined ? undefined : <OneTime link={invite.data.link} onDone={leave} />}
      >
        <TextInput
          label="E-mail address"
          type="email"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <RoleFields chosen={chosen} onChange={setChosen} />
      </ModalForm>
    </>
  )
}
