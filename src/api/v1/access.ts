import { Health, Whoami } from '../../contract/schemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

export function accessRoutes(app: Api, deps: ApiDeps): void {
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
    async (request) => {
      const { actor, name, email } = callerOf(request)
      return { kind: 'token' as const, id: actor.id, name, email }
    },
  )
}
