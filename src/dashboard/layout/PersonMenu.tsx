import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { CircleUser, LogOut, Monitor, Moon, Plus, Sun } from 'lucide-react'
import { send } from '../api/send.ts'
import { useChange } from '../api/useChange.ts'
import { MenuLink } from '../parts/links.tsx'
import { MenuAction } from '../parts/MenuAction.tsx'
import { useMe, useRights } from '../session/useSession.ts'

/** Who one is, how the page looks, and the way out. */
export function PersonMenu() {
  const me = useMe()
  const { whyNot } = useRights()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const leave = useChange(() => send('DELETE', '/v1/session'), {
    forget: ['session'],
    onDone() {
      client.clear()
      void navigate({ to: '/login' })
    },
  })
  const looks = [
    { scheme: 'light', label: 'Light', Icon: Sun },
    { scheme: 'dark', label: 'Dark', Icon: Moon },
    { scheme: 'auto', label: 'As the system', Icon: Monitor },
  ] as const
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" size="lg" color="gray" aria-label={`Account menu of ${me?.personName ?? ''}`}>
          <CircleUser size={22} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label style={{ overflowWrap: 'anywhere' }}>{me?.email}</Menu.Label>
        <MenuLink to="/account">Account</MenuLink>
        {whyNot('site.create', null) === null ? (
          <MenuLink to="/sites/new" leftSection={<Plus size={14} aria-hidden />}>
            Create A New Site
          </MenuLink>
        ) : (
          <MenuAction action="site.create" leftSection={<Plus size={14} aria-hidden />}>
            Create A New Site
          </MenuAction>
        )}
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        {looks.map(({ scheme, label, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={14} aria-hidden />}
            onClick={() => setColorScheme(scheme)}
            {...(colorScheme === scheme ? { 'aria-current': true as const, fw: 700 } : {})}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={14} aria-hidden />} onClick={() => leave.mutate()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
