import { authorize } from '../../access/authorize.ts'
import { requireConfirmation, requireTypedName } from '../../access/confirm.ts'
import { CloneInput, ImportInput, SearchReplaceInput, WipeInput } from '../../contract/managedSchemas.ts'
import { EnvironmentParams } from '../../contract/schemas.ts'
import { Started } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'

const lookFirst = 'Try it on dev or test first'

/** Filling, copying and emptying environments of managed sites. */
export function contentRoutes(app: Api, { journeys, queue }: ApiDeps): void {
  app.post(
    '/v1/sites/:site/environments/:environment/import',
    {
      config: { action: 'environment.import' },
      schema: {
        summary: 'Import code, files or a database from an upload or an address; with dryRun only what it would change',
        params: EnvironmentParams,
        body: ImportInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { confirm, ...asked } = body
      const { element, from, code, dryRun = false } = asked
      if (!dryRun) requireConfirmation(params.site, params.environment, confirm, { verb: 'import into', advice: lookFirst })
      const given = 'upload' in from ? from : { url: true } // an address is a secret
      request.auditDetails = { element, ...given, ...(element === 'code' ? { code: code ?? 'replace' } : {}), dryRun }
      return reply.code(202).send(await viewStarted(queue, await journeys.importElement(params, asked, callerOf(request).actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/clone',
    {
      config: { action: 'environment.clone' },
      schema: {
        summary: 'Put files, database or both of another environment of the site into this one',
        params: EnvironmentParams,
        body: CloneInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const caller = callerOf(request)
      const { confirm, from: environment, elements, ...options } = body
      requireConfirmation(params.site, params.environment, confirm, {
        verb: 'clone into',
        advice: 'Content mostly goes down, from live to test and dev',
      })
      request.auditDetails = { from: environment, elements }
      const from = { site: params.site, environment }
      authorize(caller, 'backup.use', { ...from, object: null })
      const asked = { elements, ...options }
      return reply.code(202).send(await viewStarted(queue, await journeys.clone(from, params, asked, caller.actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/wipe',
    {
      config: { action: 'environment.wipe' },
      schema: {
        summary: 'Delete files and database; the code stays',
        params: EnvironmentParams,
        body: WipeInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      requireTypedName(`${params.site}.${params.environment}`, body.confirm, 'wipe')
      return reply.code(202).send(await viewStarted(queue, await journeys.wipe(params, callerOf(request).actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/search-replace',
    {
      config: { action: 'environment.search_replace' },
      schema: {
        summary: 'Replace addresses in the database; with dryRun only where they are',
        params: EnvironmentParams,
        body: SearchReplaceInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const { confirm, ...asked } = body
      const { pairs, dryRun = false } = asked
      const words = { verb: 'replace addresses in', advice: 'Look at what --dry-run says first' }
      if (!dryRun) requireConfirmation(params.site, params.environment, confirm, words)
      request.auditDetails = { pairs, dryRun }
      return reply.code(202).send(await viewStarted(queue, await journeys.searchReplace(params, asked, callerOf(request).actor)))
    },
  )
}
