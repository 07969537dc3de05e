import { ActionIcon, Anchor, AppShell, Burger, Container, Drawer, Group, NavLink, Stack, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { WifiOff } from 'lucide-react'
import { Fragment, useCallback, useEffect } from 'react'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { useConnected, useEvents } from '../api/events.ts'
import { useMe, useRights } from '../session/useSession.ts'
import { setTimeZone } from '../words/time.ts'
import { administrationParts } from './administrationParts.ts'
import { JobsIndicator } from './JobsIndicator.tsx'
import { Logo } from './Logo.tsx'
import { PersonMenu } from './PersonMenu.tsx'
import classes from './Shell.module.css'
import { tellEnd } from './tellEnd.tsx'

/** What stands around every page of who is signed in: where one can go, what runs, who one is. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure()
  const { pathname } = useLocation()
  useEffect(close, [pathname, close])
  useEvents(useCallback((workflow: WorkflowView) => tellEnd(workflow), []))
  const links = useNavigation()
  const zone = useMe()?.timeZone ?? null
  setTimeZone(zone)
  const current = (to: string): boolean =>
    to === '/' ? pathname === '/' || pathname.startsWith('/sites') : pathname.startsWith(`/${to.split('/')[1]}`)
  return (
    <AppShell header={{ height: 56 }} padding={{ base: 'sm', sm: 'lg' }}>
      <a href="#content" className={classes['skip']}>
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px={{ base: 'sm', sm: 'lg' }} justify="space-between" wrap="nowrap">
          <Group gap="lg" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Anchor component={Link} to="/" className={classes['brand']} aria-label="Cairn, all sites">
              <Logo />
              <Text fw={700} component="span">
                Cairn
              </Text>
            </Anchor>
            <Group component="nav" gap={4} visibleFrom="sm" aria-label="Pages">
              {links.map(({ to, label }) => (
                <Link key={to} to={to} className={classes['link']} {...(current(to) ? { 'aria-current': 'page' as const } : {})}>
                  {label}
                </Link>
              ))}
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Disconnected />
            <JobsIndicator />
            <PersonMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <Drawer opened={opened} onClose={close} title="Menu" size="xs" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Stack gap={4} component="nav" aria-label="Pages">
          {links.map(({ to, label }) => (
            <NavLink key={to} component={Link} to={to} label={label} active={current(to)} onClick={close} />
          ))}
        </Stack>
      </Drawer>
      <AppShell.Main id="content" tabIndex={-1}>
        <Container size="xl" p={0}>
          <Fragment key={zone}>
            <Outlet />
          </Fragment>
        </Container>
      </AppShell.Main>
    </AppShell>
  )
}

function useNavigation(): { to: string; label: string }[] {
  const { whyNot } = useRights()
  const links = [
    { to: '/', label: 'Sites' },
    { to: '/workflows', label: 'Workflows' },
  ]
  const first = administrationParts.find(({ action }) => whyNot(action, null) === null)
  if (first !== undefined) links.push({ to: first.to, label: 'Administration' })
  return links
}

function Disconnected() {
  const connected = useConnected()
  return (
    <div role="status" aria-live="polite">
      {!connected && (
        <Tooltip label="Cairn does not answer. The page goes on by itself when it is back">
          <ActionIcon component="span" role="img" variant="light" color="orange" aria-label="Cairn does not answer at the moment">
            <WifiOff size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}
