import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Type } from 'typebox'
import type { Api } from './server.ts'

/** Of the interface, not of the package: the committed description changes with the routes only. */
const apiVersion = '1'

export function openapiOptions(): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cairn',
        version: apiVersion,
        description: 'Back up, download and restore sites. Errors are problem documents with a code (docs/errors.md) and a hint.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          machineToken: { type: 'http', scheme: 'bearer' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'cairn_session',
            description: 'Over https its name begins with "__Host-"',
          },
        },
      },
      security: [{ machineToken: [] }, { session: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: { ...schema, ...actionOf(route) }, url }),
  }
}

/** Each route tells which line of the table of rights it follows. */
function actionOf({ config }: { config?: { action?: string } }): Record<string, unknown> {
  return config?.action === undefined ? {} : { 'x-action': config.action }
}

export function openapiRoute(app: Api): void {
  app.get(
    '/v1/openapi.json',
    {
      config: { action: 'server.describe' },
      schema: { summary: 'This description', security: [], response: { 200: Type.Record(Type.String(), Type.Unknown()) } },
    },
    async () => describe(app),
  )
}

/** What the routes of `app` are, once it is ready. */
export function describe(app: Api): Record<string, unknown> {
  return app.swagger() as unknown as Record<string, unknown>
}
