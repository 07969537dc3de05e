import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { triggers } from '../../contract/words.ts'
import { Sites } from '../screens/sites/Sites.tsx'
import { inShell } from './frame.ts'
import { count, oneOf, readElements, search, text } from './searches.ts'

export const sites = createRoute({
  getParentRoute: inShell,
  path: '/',
  validateSearch: search((asked) => ({
    search: text(asked['search']),
    show: oneOf(['problems', 'unprotected'], asked['show']),
    framework: text(asked['framework']),
    page: count(asked['page']),
  })),
  component: Sites,
})
export const createSite = createRoute({
  getParentRoute: inShell,
  path: '/sites/new',
  validateSearch: search((asked) => ({
    way: oneOf(['archives', 'backup', 'empty', 'attach'], asked['way']),
    backup: text(asked['backup']),
  })),
  component: lazyRouteComponent(() => import('../screens/create-site/CreateSite.tsx'), 'CreateSite'),
})
const site = createRoute({
  getParentRoute: inShell,
  path: '/sites/$site',
  component: lazyRouteComponent(() => import('../screens/site/Site.tsx'), 'Site'),
})
const siteIndex = createRoute({
  getParentRoute: () => site,
  path: '/',
  component: lazyRouteComponent(() => import('../screens/site/FirstEnvironment.tsx'), 'FirstEnvironment'),
})
const environment = createRoute({
  getParentRoute: () => site,
  path: '$environment',
  component: lazyRouteComponent(() => import('../screens/site/Environment.tsx'), 'Environment'),
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
  component: lazyRouteComponent(() => import('../screens/code/Code.tsx'), 'Code'),
})
const backups = createRoute({
  getParentRoute: inEnvironment,
  path: 'backups',
  component: lazyRouteComponent(() => import('../screens/backups/Backups.tsx'), 'Backups'),
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
  component: lazyRouteComponent(() => import('../screens/backups/BackupLog.tsx'), 'BackupLog'),
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
  component: lazyRouteComponent(() => import('../screens/restore/Restore.tsx'), 'Restore'),
})
const work = createRoute({
  getParentRoute: inEnvironment,
  path: 'workflow',
  validateSearch: search((asked) => ({
    part: oneOf(['import', 'clone', 'search-replace', 'wipe'], asked['part']),
    from: text(asked['from']),
  })),
  component: lazyRouteComponent(() => import('../screens/work/Work.tsx'), 'Work'),
})
const settings = createRoute({
  getParentRoute: inEnvironment,
  path: 'settings',
  component: lazyRouteComponent(() => import('../screens/settings/Settings.tsx'), 'Settings'),
})

export const siteRoutes = site.addChildren([
  siteIndex,
  environment.addChildren([environmentIndex, code, backups, backupLog, restore, work, settings]),
])
