import { Outlet, useLocation } from '@tanstack/react-router'
import { administrationParts } from '../../layout/administrationParts.ts'
import { AnchorLink } from '../../parts/links.tsx'
import { Page } from '../../parts/Page.tsx'
import { useRights } from '../../session/useSession.ts'
import classes from '../site/Site.module.css'

export function Administration() {
  const { pathname } = useLocation()
  const { whyNot } = useRights()
  return (
    <Page title="Administration">
      <nav aria-label="Parts of the administration" className={classes['tabs']}>
        {administrationParts.map(({ to, label, action }) => (
          <AnchorLink
            key={to}
            to={to}
            className={classes['tab']}
            underline="never"
            activeOptions={{ exact: true }}
            {...closed(whyNot(action, null))}
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

/** Without an address to go to; the keyboard comes here all the same, for the reason. */
const closed = (reason: string | null) =>
  reason === null ? {} : { disabled: true, tabIndex: 0, title: reason, 'aria-description': reason }
