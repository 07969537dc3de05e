import { Outlet, useLocation } from '@tanstack/react-router'
import { AnchorLink } from '../../parts/links.tsx'
import { Page } from '../../parts/Page.tsx'
import classes from '../site/Site.module.css'

const parts = [
  { to: '/administration', label: 'Repository' },
  { to: '/administration/people', label: 'People and roles' },
  { to: '/administration/audit', label: 'Audit' },
  { to: '/administration/settings', label: 'Settings' },
] as const

export function Administration() {
  const { pathname } = useLocation()
  return (
    <Page title="Administration">
      <nav aria-label="Parts of the administration" className={classes['tabs']}>
        {parts.map(({ to, label }) => (
          <AnchorLink
            key={to}
            to={to}
            className={classes['tab']}
            underline="never"
            activeOptions={{ exact: true }}
            {...(pathname.replace(/\/$/, '') === to ? { 'aria-current': 'page' as const } : {})}
          >
            {label}
          </AnchorLink>
        ))}
      </nav>
      <Outlet />
    </Page>
  )
}
