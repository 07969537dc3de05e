import { Type } from 'typebox'
import { authorize } from '../../access/authorize.ts'
import { requireTypedName } from '../../access/confirm.ts'
import { AddEnvironmentInput, CreateSiteInput, DeleteQuery, type SiteSource } from '../../contract/managedSchemas.ts'
import { EnvironmentParams, SiteParams } from '../../contract/schemas.ts'
import { Started } from '../../contract/workSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'
import { findFinished } from './backups.ts'

/** Making and deleting managed sites and their environments. */
export function managedSiteRoutes(app: Api, deps: ApiDeps): void {
  const { journeys, queue } = deps
  app.post(
    '/v1/sites',
    {
      config: { action: 'site.create' },
      schema: {
        summary:
          'Make a site: empty, out of archives, or out of a backup; with dryRun only look what archives hold, and of the others whether it could be made (204)',
        body: CreateSiteInput,
        response: { 202: Started, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { site, source, dryRun = false } = request.body
      const caller = callerOf(request)
      request.auditDetails = { site, ...wordSource(source), ...(dryRun ? { dryRun } : {}) }
      if (source.kind === 'backup') {
        const backup = await findFinished(deps, source.backup)
        authorize(caller, 'backup.use', { site: backup.site, environment: backup.environment, object: backup.id })
      }
      if (dryRun && source.kind !== 'archives') {
        await journeys.checkSite(request.body, caller.actor)
        return reply.code(204).send(null)
      }
      return reply.code(202).send(await viewStarted(queue, await journeys.createSite(request.body, caller.actor)))
    },
  )

  app.delete(
    '/v1/sites/:site',
    {
      config: { action: 'site.delete' },
      schema: {
        summary: 'Delete a managed site, after a last backup of each environment',
        params: SiteParams,
        querystring: DeleteQuery,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      const { confirm, giveUpLastBackup = false } = request.query
      requireTypedName(site, confirm, 'delete')
      if (giveUpLastBackup) request.auditDetails = { giveUpLastBackup }
      const asked = { site, givesUpLastBackup: giveUpLastBackup }
      return reply.code(202).send(await viewStarted(queue, await journeys.deleteSite(asked, callerOf(request).actor)))
    },
  )

  app.post(
    '/v1/sites/:site/environments',
    {
      config: { action: 'environment.create' },
      schema: {
        summary: 'Add an environment to a managed site: a copy of another one',
        params: SiteParams,
        body: AddEnvironmentInput,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { environment, from = 'dev' } = request.body
      const { site } = request.params
      request.auditDetails = { environment, from }
      const caller = callerOf(request)
      authorize(caller, 'environment.create', { site, environment, object: null })
      authorize(caller, 'backup.use', { site, environment: from, object: null })
      return reply
        .code(202)
        .send(await viewStarted(queue, await journeys.addEnvironment({ site, environment, from }, caller.actor)))
    },
  )

  app.delete(
    '/v1/sites/:site/environments/:environment',
    {
      config: { action: 'environment.delete' },
      schema: {
        summary: 'Delete an environment of a managed site, after a last backup',
        params: EnvironmentParams,
        querystring: DeleteQuery,
        response: { 202: Started },
      },
    },
    async (request, reply) => {
      const { site, environment } = request.params
      const { confirm, giveUpLastBackup = false } = request.query
      requireTypedName(`${site}.${environment}`, confirm, 'delete')
      if (giveUpLastBackup) request.auditDetails = { giveUpLastBackup }
      const asked = { site, environment, givesUpLastBackup: giveUpLastBackup }
      return reply.code(202).send(await viewStarted(queue, await journeys.deleteEnvironment(asked, callerOf(request).actor)))
    },
  )
}

/** For the audit: what a site is made of, without addresses, which are secrets. */
function wordSource(source: SiteSource): Record<string, unknown> {
  if (source.kind === 'empty') return { kind: source.kind, framework: source.framework }
  if (source.kind === 'backup') return { kind: source.kind, backup: source.backup, elements: source.elements ?? null }
  const given = (['all', 'code', 'database', 'files'] as const).filter((role) => source[role] !== undefined)
  return { kind: source.kind, given }
}
