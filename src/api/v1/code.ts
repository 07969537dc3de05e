import { authorize } from '../../access/authorize.ts'
import { requireConfirmation, requireTypedName } from '../../access/confirm.ts'
import { CodeLog, CodeLogQuery, DeployInput, ResetCodeInput, RevertCodeInput } from '../../contract/managedSchemas.ts'
import { EnvironmentParams } from '../../contract/schemas.ts'
import { Started } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'

/** The code of environments of managed sites: its history, and how it moves. */
export function codeRoutes(app: Api, { journeys, queue, sites }: ApiDeps): void {
  app.get(
    '/v1/sites/:site/environments/:environment/code-log',
    {
      config: { action: 'site.read' },
      schema: {
        summary: 'The commits of its code, newest first',
        params: EnvironmentParams,
        querystring: CodeLogQuery,
        response: { 200: CodeLog },
      },
    },
    async (request) => sites.codeLog(request.params, request.query),
  )

  app.post(
    '/v1/sites/:site/environments/:environment/deploy',
    {
      config: { action: 'environment.deploy' },
      schema: {
        summary: "Deploy code: dev's into test, test's into live",
        params: EnvironmentParams,
        body: DeployInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { confirm, ...asked } = body
      requireConfirmation(params.site, params.environment, confirm, { verb: 'deploy to', advice: 'Look at it on test first' })
      const { note = null, updateDatabase = false, clearCache = false, syncContent = false } = asked
      request.auditDetails = { note, updateDatabase, clearCache, syncContent }
      const caller = callerOf(request)
      if (syncContent) authorize(caller, 'backup.use', { site: params.site, environment: 'live', object: null })
      return reply.code(202).send(await viewStarted(queue, await journeys.deploy(params, asked, caller.actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/revert-code',
    {
      config: { action: 'environment.revert_code' },
      schema: {
        summary: 'Bring the code of a commit back as a new commit',
        params: EnvironmentParams,
        body: RevertCodeInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      request.auditDetails = { commit: body.commit }
      return reply
        .code(202)
        .send(await viewStarted(queue, await journeys.revertCode(params, body.commit, callerOf(request).actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/reset-code',
    {
      config: { action: 'environment.revert_code' },
      schema: {
        summary: 'Reset the branch to a commit: the history is rewritten',
        params: EnvironmentParams,
        body: ResetCodeInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { commit, confirm } = body
      requireTypedName(`${params.site}.${params.environment}`, confirm, 'reset the code of')
      request.auditDetails = { commit, history: 'rewritten' }
      const started = await journeys.resetCode(params, commit, callerOf(request).actor)
      return reply.code(202).send(await viewStarted(queue, started))
    },
  )
}
