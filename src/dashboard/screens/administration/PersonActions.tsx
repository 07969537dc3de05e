import { Button, Group, Menu, Modal, Stack, Text } from '@mantine/core'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import type { Role } from '../../../contract/actions.ts'
import type { OneTimeLink, PersonView } from '../../../contract/accessSchemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { BusyButton } from '../../parts/BusyButton.tsx'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { MenuAction } from '../../parts/MenuAction.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { OneTime } from './OneTime.tsx'
import { type Chosen, RoleFields } from './RoleFields.tsx'

/** What an administrator does for a person. */
export function PersonActions({ person }: { person: PersonView }) {
  const [open, setOpen] = useState<'role' | 'delete' | null>(null)
  const [link, setLink] = useState<OneTimeLink | null>(null)
  const at = path('/v1/people/:person', { person: person.id })
  const makeLink = useChange(() => send<OneTimeLink>('POST', `${at}/link`), { forget: ['people'], onDone: setLink })
  const remove = useChange(() => send('DELETE', at), {
    ...{ inForm: true, forget: ['people'], said: 'Deleted' },
    onDone: () => setOpen(null),
  })
  return (
    <Group justify="flex-end">
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <Button size="compact-sm" variant="default" aria-label={`What can be done for ${person.name}`}>
            <Ellipsis size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <MenuAction action="role.grant" onClick={() => setOpen('role')}>
            Roles
          </MenuAction>
          <MenuAction action="person.link" onClick={() => makeLink.mutate()}>
            {person.hasPassword ? 'Link for a new password' : 'Invitation link again'}
          </MenuAction>
          <MenuAction action="person.delete" color="red" onClick={() => setOpen('delete')}>
            Delete
          </MenuAction>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={open === 'role'}
        onClose={() => setOpen(null)}
        title={`Roles of ${person.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Roles person={person} at={at} />
      </Modal>
      <Modal
        opened={link !== null}
        onClose={() => setLink(null)}
        title={`For ${person.email}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {link !== null && <OneTime link={link} onDone={() => setLink(null)} />}
      </Modal>
      <ConfirmModal
        opened={open === 'delete'}
        onClose={() => setOpen(null)}
        title={`Delete ${person.name}`}
        typed={null}
        button="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        <Text size="sm">The account, its sessions and machine tokens. What the person did stays in the audit log.</Text>
      </ConfirmModal>
    </Group>
  )
}

function Roles({ person, at }: { person: PersonView; at: string }) {
  const [chosen, setChosen] = useState<Chosen>({ site: null, role: person.everywhere ?? 'viewer' })
  const grant = useChange((change: { site: string | null; role: Role | null }) => send('POST', `${at}/roles`, change), {
    ...{ inForm: true, forget: ['people'], said: 'The roles are changed' },
  })
  const held = [...(person.everywhere === null ? [] : [{ site: null, role: person.everywhere as Role }]), ...person.sites]
  return (
    <Stack>
      {held.map(({ site, role }) => (
        <Group key={site ?? '*'} justify="space-between">
          <Text size="sm">
            {role} {site === null ? 'over all' : `on ${site}`}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => grant.mutate({ site, role: null })}>
            Take away
          </Button>
        </Group>
      ))}
      <RoleFields chosen={chosen} onChange={setChosen} />
      {grant.isError && <Problem error={grant.error} />}
      <Group justify="flex-end">
        <BusyButton loading={grant.isPending} onClick={() => grant.mutate(chosen)}>
          Give this role
        </BusyButton>
      </Group>
    </Stack>
  )
}
