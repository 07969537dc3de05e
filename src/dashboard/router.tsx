import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { type Element, triggers, workflowKinds } from '../contract/words.ts'
import { Crashed } from './layout/Crashed.tsx'
import { NotFound } from './layout/NotFound.tsx'
import { Shell } from './layout/Shell.tsx'
import { sessionQuery } from './session/sessionQuery.ts'

interface Context {
  client: QueryClient
}
type Asked = Record<string, unknown>
/** Nothing has to stand in an address: what is not there is what a page begins with. */
const search =
  <T extends object>(read: (asked: Asked) => T) =>
  (asked: Asked): Partial<T> =>
    read(asked)
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const count = (value: unknown): number | undefined =>
  Number.isInteger(Number(value)) && Number(value) > 1 ? Number(value) : undefined
const oneOf = <T extends string>(allowed: readonly T[], value: unknown): T | undefined => allowed.find((one) => one === value)

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Crashed,
})

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (asked: Asked): { back?: string | undefined } => ({ back: text(asked['back']) }),
  beforeLoad: async ({ context }) => {
    const { setUpNeeded } = await context.client.fetchQuery(sessionQuery)
    if (setUpNeeded) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(() => import('./screens/login/Login.tsx'), 'Login'),
})
/** Pages that a one-time code opens: it stands behind `#`, so that no server logs it. */
const codePages = (['/setup', '/invitation', '/reset', '/login-link'] as const).map((path) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(() => import('./screens/login/OneTimeCode.tsx'), 'OneTimeCode'),
  }),
)

const shell = createRoute({
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
const inShell = () => shell

const sites = createRoute({
  getParentRoute: inShell,
  path: '/',
  validateSearch: search((asked) => ({
    search: text(asked['search']),
    show: oneOf(['problems', 'unprotected'], asked['show']),
    framework: text(asked['framework']),
    page: count(asked['page']),
  })),
  component: lazyRouteComponent(() => import('./screens/sites/Sites.tsx'), 'Sites'),
})
const createSite = createRoute({
  getParentRoute: inShell,
  path: '/sites/new',
  validateSearch: search((asked) => ({
    way: oneOf(['archives', 'backup', 'empty', 'attach'], asked['way']),
    backup: text(asked['backup']),
  })),
  component: lazyRouteComponent(() => import('./screens/create-site/CreateSite.tsx'), 'CreateSite'),
})
const site = createRoute({
  getParentRoute: inShell,
  path: '/sites/$site',
  component: lazyRouteComponent(() => import('./screens/site/Site.tsx'), 'Site'),
})
const siteIndex = createRoute({
  getParentRoute: () => site,
  path: '/',
  component: lazyRouteComponent(() => import('./screens/site/FirstEnvironment.tsx'), 'FirstEnvironment'),
})
const environment = createRoute({
  getParentRoute: () => site,
  path: '$environment',
  component: lazyRouteComponent(() => import('./screens/site/Environment.tsx'), 'Environment'),
})
const inEnvironment = () => environment
const environmentIndex = createRoute({
  getParentRoute: inEnvironment,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/sites/$site/$environment/backups', params, replace: true })
  },
})
const code = createRoute({
  getParentRoute: inEnvironment,
  path: 'code',
  validateSearch: search((asked) => ({ page: count(asked['page']) })),
  component: lazyRouteComponent(() => import('./screens/code/Code.tsx'), 'Code'),
})
const backups = createRoute({
  getParentRoute: inEnvironment,
  path: 'backups',
  component: lazyRouteComponent(() => import('./screens/backups/Backups.tsx'), 'Backups'),
})
const backupLog = createRoute({
  getParentRoute: inEnvironment,
  path: 'backups/log',
  validateSearch: search((asked) => ({
    page: count(asked['page']),
    trigger: oneOf(triggers, asked['trigger']),
    search: text(asked['search']),
    all: asked['all'] === true ? true : undefined,
  })),
  component: lazyRouteComponent(() => import('./screens/backups/BackupLog.tsx'), 'BackupLog'),
})
const restore = createRoute({
  getParentRoute: inEnvironment,
  path: 'backups/$backup/restore',
  validateSearch: search((asked) => ({
    step: oneOf(['elements', 'target', 'changes', 'run'], asked['step']),
    elements: readElements(asked['elements']),
    to: text(asked['to']),
    workflow: text(asked['workflow']),
  })),
  component: lazyRouteComponent(() => import('./screens/restore/Restore.tsx'), 'Restore'),
})
const work = createRoute({
  getParentRoute: inEnvironment,
  path: 'workflow',
  validateSearch: search((asked) => ({
    part: oneOf(['import', 'clone', 'search-replace', 'wipe'], asked['part']),
    from: text(asked['from']),
  })),
  component: lazyRouteComponent(() => import('./screens/work/Work.tsx'), 'Work'),
})
const settings = createRoute({
  getParentRoute: inEnvironment,
  path: 'settings',
  component: lazyRouteComponent(() => import('./screens/settings/Settings.tsx'), 'Settings'),
})

const workflows = createRoute({
  getParentRoute: inShell,
  path: '/workflows',
  validateSearch: search((asked) => ({
    site: text(asked['site']),
    environment: text(asked['environment']),
    state: oneOf(['queued', 'running', 'succeeded', 'failed', 'cancelled'], asked['state']),
    kind: oneOf(workflowKinds, asked['kind']),
    page: count(asked['page']),
  })),
  component: lazyRouteComponent(() => import('./screens/workflows/Workflows.tsx'), 'Workflows'),
})
const workflow = createRoute({
  getParentRoute: inShell,
  path: '/workflows/$id',
  component: lazyRouteComponent(() => import('./screens/workflows/Workflow.tsx'), 'Workflow'),
})
const account = createRoute({
  getParentRoute: inShell,
  path: '/account',
  component: lazyRouteComponent(() => import('./screens/account/Account.tsx'), 'Account'),
})
const administration = createRoute({
  getParentRoute: inShell,
  path: '/administration',
  component: lazyRouteComponent(() => import('./screens/administration/Administration.tsx'), 'Administration'),
})
const administrationIndex = createRoute({
  getParentRoute: () => administration,
  path: '/',
  component: lazyRouteComponent(() => import('./screens/administration/Repository.tsx'), 'Repository'),
})
const people = createRoute({
  getParentRoute: () => administration,
  path: 'people',
  component: lazyRouteComponent(() => import('./screens/administration/People.tsx'), 'People'),
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
  component: lazyRouteComponent(() => import('./screens/administration/Audit.tsx'), 'Audit'),
})
const installation = createRoute({
  getParentRoute: () => administration,
  path: 'settings',
  component: lazyRouteComponent(() => import('./screens/administration/InstallationSettings.tsx'), 'InstallationSettings'),
})
const help = createRoute({
  getParentRoute: inShell,
  path: '/help/$page',
  component: lazyRouteComponent(() => import('./screens/help/Help.tsx'), 'Help'),
})

const tree = root.addChildren([
  login,
  ...codePages,
  shell.addChildren([
    sites,
    createSite,
    site.addChildren([siteIndex, environment.addChildren([environmentIndex, code, backups, backupLog, restore, work, settings])]),
    workflows,
    workflow,
    account,
    administration.addChildren([administrationIndex, people, audit, installation]),
    help,
  ]),
])

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultErrorComponent: Crashed,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

/** `code,files` */
function readElements(value: unknown): Element[] | undefined {
  if (!Array.isArray(value)) return undefined
  const found = (['code', 'files', 'database'] as const).filter((element) => value.includes(element))
  return found.length === 0 ? undefined : [...found]
}
