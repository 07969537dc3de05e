import { Type } from 'typebox'
import { requireTypedName } from '../../access/confirm.ts'
import {
  Attached,
  AttachInput,
  DetachInput,
  DetectInput,
  Detection,
  EnvironmentParams,
  EnvironmentQuery,
  Environments,
  EnvironmentView,
  SiteParams,
  Sites,
  SiteView,
} from '../../contract/schemas.ts'
import { Started } from '../../contract/workSchemas.ts'
import { sitesWhere } from '../../contract/rights.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'
import { viewStarted } from '../viewWorkflow.ts'

/** Of all sites those that the caller may see. */
export function siteRoutes(app: Api, { sites, journeys, queue }: ApiDeps): void {
  app.post(
    '/v1/detect',
    {
      config: { action: 'site.detect' },
      schema: { summary: 'What a directory holds', body: DetectInput, response: { 200: Detection } },
    },
    async (request) => sites.detect(request.body),
  )

  app.get(
    '/v1/sites',
    { config: { action: 'site.list' }, schema: { summary: 'The sites that one sees', response: { 200: Sites } } },
    async (request) => {
      const seen = sitesWhere(callerOf(request).rights, 'site.read')
      const all = await sites.listSites()
      return { sites: seen === null ? all : all.filter(({ name }) => seen.includes(name)) }
    },
  )

  app.get(
    '/v1/sites/:site',
    { config: { action: 'site.read' }, schema: { summary: 'One site', params: SiteParams, response: { 200: SiteView } } },
    async (request) => sites.findSite(request.params.site),
  )

  app.get(
    '/v1/sites/:site/environments',
    {
      config: { action: 'site.read' },
      schema: { summary: 'Its environments', params: SiteParams, response: { 200: Environments } },
    },
    async (request) => ({ environments: await sites.listEnvironments(request.params.site) }),
  )

  app.get(
    '/v1/sites/:site/environments/:environment',
    {
      config: { action: 'site.read' },
      schema: {
        summary: 'One environment, with what is possible there',
        params: EnvironmentParams,
        querystring: EnvironmentQuery,
        response: { 200: EnvironmentView },
      },
    },
    async (request) => sites.findEnvironment(request.params, { preflight: request.query.preflight ?? false }),
  )

  app.post(
    '/v1/sites/:site/environments/:environment',
    {
      config: { action: 'site.attach' },
      schema: { summary: 'Attach an environment', params: EnvironmentParams, body: AttachInput, response: { 201: Attached } },
    },
    async (request, reply) => {
      request.auditDetails = { path: request.body.path }
      return reply.code(201).send(await sites.attach(request.params, request.body, callerOf(request).actor))
    },
  )

  app.post(
    '/v1/sites/:site/environments/:environment/detach',
    {
      config: { action: 'site.detach' },
      schema: {
        summary:
          'Forget an attached environment; its directory, its database and its backups stay. With dropUndo a workflow does it',
        params: EnvironmentParams,
        body: DetachInput,
        response: { 202: Started, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { site, environment } = request.params
      const { confirm, dropUndo = false } = request.body
      requireTypedName(`${site}.${environment}`, confirm, 'detach')
      if (dropUndo) {
        request.auditDetails = { dropUndo }
        return reply.code(202).send(await viewStarted(queue, await journeys.detach(request.params, callerOf(request).actor)))
      }
      await sites.detach(request.params)
      return reply.code(204).send(null)
    },
  )
}
