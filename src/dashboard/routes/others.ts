import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { workflowKinds } from '../../contract/words.ts'
import { inShell } from './frame.ts'
import { count, oneOf, search, text } from './searches.ts'

export const workflows = createRoute({
  getParentRoute: inShell,
  path: '/workflows',
  validateSearch: search((asked) => ({
    site: text(asked['site']),
    environment: text(asked['environment']),
    state: oneOf(['queued', 'running', 'succeeded', 'failed', 'cancelled'], asked['state']),
    kind: oneOf(workflowKinds, asked['kind']),
    page: count(asked['page']),
  })),
  component: lazyRouteComponent(() => import('../screens/workflows/Workflows.tsx'), 'Workflows'),
})
export const workflow = createRoute({
  getParentRoute: inShell,
  path: '/workflows/$id',
  component: lazyRouteComponent(() => import('../screens/workflows/Workflow.tsx'), 'Workflow'),
})
export const account = createRoute({
  getParentRoute: inShell,
  path: '/account',
  component: lazyRouteComponent(() => import('../screens/account/Account.tsx'), 'Account'),
})
const administration = createRoute({
  getParentRoute: inShell,
  path: '/administration',
  component: lazyRouteComponent(() => import('../screens/administration/Administration.tsx'), 'Administration'),
})
const administrationIndex = createRoute({
  getParentRoute: () => administration,
  path: '/',
  component: lazyRouteComponent(() => import('../screens/administration/Repository.tsx'), 'Repository'),
})
const people = createRoute({
  getParentRoute: () => administration,
  path: 'people',
  component: lazyRouteComponent(() => import('../screens/administration/People.tsx'), 'People'),
})
const audit = createRoute({
  getParentRoute: () => administration,
  path: 'audit',
  validateSearch: search((asked) => ({
    site: text(asked['site']),
    actor: text(asked['actor']),
    action: text(asked['action']),
    result: oneOf(['done', 'failed'], asked['result']),
    page: count(asked['page']),
  })),
  component: lazyRouteComponent(() => import('../screens/administration/Audit.tsx'), 'Audit'),
})
const installation = createRoute({
  getParentRoute: () => administration,
  path: 'settings',
  component: lazyRouteComponent(() => import('../screens/administration/InstallationSettings.tsx'), 'InstallationSettings'),
})
export const help = createRoute({
  getParentRoute: inShell,
  path: '/help/$page',
  component: lazyRouteComponent(() => import('../screens/help/Help.tsx'), 'Help'),
})

export const administrationRoutes = administration.addChildren([administrationIndex, people, audit, installation])
