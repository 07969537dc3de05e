import { viewCaller, viewRoles } from '../../access/view.ts'
import { ActionsQuery, AllowedActions, RoleTable, Whoami } from '../../contract/accessSchemas.ts'
import { actionNames } from '../../contract/actions.ts'
import { decide, reasonOf } from '../../contract/rights.ts'
import { Health } from '../../contract/schemas.ts'
import type { ApiDeps, ApiLimits } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

/** Who one is, and what one may. */
export function accessRoutes(app: Api, deps: ApiDeps, limits: ApiLimits): void {
  app.get(
    '/v1/health',
    {
      config: { action: 'server.health' },
      schema: { summary: 'Whether the server runs', security: [], response: { 200: Health } },
    },
    async () => ({
      status: 'ok' as const,
      version: deps.version,
      instance: deps.instance,
      keyExported: await deps.key.exported(),
    }),
  )

  app.get(
    '/v1/whoami',
    { config: { action: 'access.whoami' }, schema: { summary: 'As whom one is signed in', response: { 200: Whoami } } },
    async (request) => viewCaller(deps.store.db, callerOf(request), limits.sessions),
  )

  app.get(
    '/v1/whoami/actions',
    {
      config: { action: 'access.whoami' },
      schema: {
        summary: 'What one may on a site, an environment, or without them the installation; and why not',
        querystring: ActionsQuery,
        response: { 200: AllowedActions },
      },
    },
    async (request) => {
      const { site = null, environment = null } = request.query
      const { rights } = callerOf(request)
      return {
        actions: actionNames.map((action) => {
          const decision = decide(rights, action, { site, environment })
          return { action, allowed: decision.allowed, reason: reasonOf(decision) }
        }),
      }
    },
  )

  app.get(
    '/v1/roles',
    { config: { action: 'role.list' }, schema: { summary: 'The table of rights', response: { 200: RoleTable } } },
    async () => viewRoles(),
  )
}
