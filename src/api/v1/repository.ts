import { CheckInput, KeyExport, RepositoryCheck, RepositoryStats } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import type { Api } from '../server.ts'

export function repositoryRoutes(app: Api, { store, key }: ApiDeps): void {
  app.post(
    '/v1/repository/check',
    {
      config: { action: 'repository.check' },
      schema: {
        summary: 'Check the repository; with readData every byte of it',
        body: CheckInput,
        response: { 200: RepositoryCheck },
      },
    },
    async (request, reply) => {
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const begun = performance.now()
      const report = await store.repository.check({ readData: request.body.readData ?? false, signal: left.signal })
      return { ...report, seconds: (performance.now() - begun) / 1000 }
    },
  )

  app.get(
    '/v1/repository/stats',
    {
      config: { action: 'repository.stats' },
      schema: { summary: 'What the repository holds', response: { 200: RepositoryStats } },
    },
    async () => ({ repositoryId: store.repository.id, ...(await store.repository.stats()) }),
  )

  app.post(
    '/v1/repository/key/export',
    {
      config: { action: 'repository.export_key' },
      schema: { summary: 'The key; without it nobody reads the repository', response: { 200: KeyExport } },
    },
    async (_request, reply) => {
      void reply.header('cache-control', 'no-store')
      return key.export()
    },
  )
}
