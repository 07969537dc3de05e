import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import type { ApiDeps } from './deps.ts'
import { buildApi } from './buildApi.ts'
import type { Api } from './server.ts'

/** The committed description; clients are written against it, so a change of it is a change that a reviewer sees. */
export const openapiFile = join(import.meta.dirname, '../../openapi.json')

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
      components: { securitySchemes: { machineToken: { type: 'http', scheme: 'bearer' } } },
      security: [{ machineToken: [] }],
    },
  }
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

/** The description as it should be committed. No route is called, so nothing that it needs has to be there. */
export async function renderOpenapi(): Promise<string> {
  const nothing = { publicUrl: () => '', version: '', instance: '', trustProxy: false, log: null, store: {} }
  const app = await buildApi(nothing as unknown as ApiDeps)
  try {
    await app.ready()
    return `${JSON.stringify(describe(app), null, 2)}\n`
  } finally {
    await app.close()
  }
}

export async function writeOpenapi(file: string = openapiFile): Promise<void> {
  writeFileSync(file, await renderOpenapi())
}

function describe(app: Api): Record<string, unknown> {
  return app.swagger() as unknown as Record<string, unknown>
}
