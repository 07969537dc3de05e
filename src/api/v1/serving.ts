import { requireConfirmation } from '../../access/confirm.ts'
import { EnvironmentSettings, WebserverQuery, WebserverView } from '../../contract/managedSchemas.ts'
import { EnvironmentParams } from '../../contract/schemas.ts'
import { Started } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'

/** Where environments of managed sites are visited, and what serves them in earnest. */
export function servingRoutes(app: Api, { journeys, queue, sites }: ApiDeps): void {
  app.get(
    '/v1/sites/:site/environments/:environment/webserver-config',
    {
      config: { action: 'site.read' },
      schema: {
        summary: 'Configuration of a web server that serves it in earnest',
        params: EnvironmentParams,
        querystring: WebserverQuery,
        response: { 200: WebserverView },
      },
    },
    async (request) => sites.webserverConfig(request.params),
  )

  app.patch(
    '/v1/sites/:site/environments/:environment',
    {
      config: { action: 'environment.edit' },
      schema: {
        summary: 'Change the address at which it is visited',
        params: EnvironmentParams,
        body: EnvironmentSettings,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { confirm, ...asked } = body
      requireConfirmation(params.site, params.environment, confirm, {
        verb: 'change',
        advice: 'Its visitors come by this address',
      })
      request.auditDetails = asked
      return reply.code(202).send(await viewStarted(queue, await journeys.changeSettings(params, asked, callerOf(request).actor)))
    },
  )
}
