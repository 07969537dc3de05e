import { authorize } from '../../access/authorize.ts'
import { requireConfirmation } from '../../access/confirm.ts'
import { requireUsable } from '../../backups/catalogue.ts'
import { EnvironmentParams, RestoreInput } from '../../contract/schemas.ts'
import { Previewed, Started } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'
import { findFinished } from './backups.ts'

export function restoreRoutes(app: Api, deps: ApiDeps): void {
  const { journeys, queue } = deps
  app.post(
    '/v1/sites/:site/environments/:environment/restore',
    {
      config: { action: 'environment.restore' },
      schema: {
        summary: 'Restore a backup; with dryRun only what it would change',
        params: EnvironmentParams,
        body: RestoreInput,
        response: { 200: Previewed, 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const caller = callerOf(request)
      const { actor } = caller
      const { dryRun = false, elements, withConfig = false, safetyBackup = true } = body
      if (!dryRun) requireConfirmation(params.site, params.environment, body.confirm)
      const backup = await findFinished(deps, body.backup)
      authorize(caller, 'backup.use', { site: backup.site, environment: backup.environment, object: backup.id })
      requireUsable(backup)
      const input = { ...body, backup: backup.id }
      request.auditDetails = { backup: backup.id, elements, withConfig, safetyBackup, dryRun }
      if (dryRun) return reply.code(200).send({ plan: await journeys.previewRestore(params, input, actor) })
      return reply.code(202).send(await viewStarted(queue, await journeys.restore(params, input, actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/undo',
    {
      config: { action: 'environment.undo' },
      schema: { summary: 'Undo the last restore, or do it again', params: EnvironmentParams, response: { 202: Started } },
    },
    async (request, reply) =>
      reply.code(202).send(await viewStarted(queue, await journeys.undo(request.params, callerOf(request).actor))),
  )
}
