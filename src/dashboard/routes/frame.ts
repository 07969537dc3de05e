import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { Crashed } from '../layout/Crashed.tsx'
import { NotFound } from '../layout/NotFound.tsx'
import { Root } from '../layout/Root.tsx'
import { Shell } from '../layout/Shell.tsx'
import { sessionQuery } from '../session/sessionQuery.ts'
import { type Asked, text } from './searches.ts'

interface Context {
  client: QueryClient
}

export const root = createRootRouteWithContext<Context>()({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: Crashed,
})

export const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (asked: Asked): { back?: string | undefined } => ({ back: text(asked['back']) }),
  beforeLoad: async ({ context }) => {
    const { setUpNeeded } = await context.client.fetchQuery(sessionQuery)
    if (setUpNeeded) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(() => import('../screens/login/Login.tsx'), 'Login'),
})
/** Pages that a one-time code opens: it stands behind `#`, so that no server logs it. */
export const codePages = (['/setup', '/invitation', '/reset', '/login-link'] as const).map((path) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(() => import('../screens/login/OneTimeCode.tsx'), 'OneTimeCode'),
  }),
)

export const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const { me, setUpNeeded } = await context.client.ensureQueryData(sessionQuery)
    if (me !== null) return
    if (setUpNeeded) throw redirect({ to: '/setup' })
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { back: location.href } })
  },
})
export const inShell = () => shell
