import type { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import { Crashed } from './layout/Crashed.tsx'
import { codePages, login, root, shell } from './routes/frame.ts'
import { account, administrationRoutes, help, workflow, workflows } from './routes/others.ts'
import { createSite, siteRoutes, sites } from './routes/site.ts'

const tree = root.addChildren([
  login,
  ...codePages,
  shell.addChildren([sites, createSite, siteRoutes, workflows, workflow, account, administrationRoutes, help]),
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
