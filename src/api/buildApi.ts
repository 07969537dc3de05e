import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { LogController, type RouteOptions } from 'fastify'
import { openThrottle } from '../access/throttle.ts'
import { Failure } from '../base/failure.ts'
import { makeCookies } from './cookies.ts'
import type { ApiDeps, ApiLimits } from './deps.ts'
import { dashboardRoutes } from './dashboard/route.ts'
import { downloadRoutes } from './downloads/route.ts'
import { eventRoutes } from './events/route.ts'
import { gitRoutes } from './git/route.ts'
import { guard } from './guard.ts'
import { openapiOptions, openapiRoute } from './openapi.ts'
import { answerError, sendProblem } from './problem.ts'
import { lazySerializers, lazyValidatorCompiler } from './lazyCompilers.ts'
import { type Api, logRequest } from './server.ts'
import { closeConnections } from './closeConnections.ts'
import { uploadRoutes } from './uploads/route.ts'
import { accessRoutes } from './v1/access.ts'
import { accountRoutes } from './v1/account.ts'
import { auditRoutes } from './v1/audit.ts'
import { backupRoutes } from './v1/backups.ts'
import { codeRoutes } from './v1/code.ts'
import { contentRoutes } from './v1/content.ts'
import { linkRoutes } from './v1/links.ts'
import { managedSiteRoutes } from './v1/managedSites.ts'
import { overviewRoutes } from './v1/overview.ts'
import { peopleRoutes } from './v1/people.ts'
import { repositoryRoutes } from './v1/repository.ts'
import { restoreRoutes } from './v1/restore.ts'
import { sessionRoutes } from './v1/session.ts'
import { servingRoutes } from './v1/serving.ts'
import { settingRoutes } from './v1/settings.ts'
import { siteRoutes } from './v1/sites.ts'
import { tokenRoutes } from './v1/tokens.ts'
import { workflowRoutes } from './v1/workflows.ts'

const defaultLimits: ApiLimits = {
  requestsPerMinute: 20_000,
  stallMs: 600_000,
  sessions: { idleMs: 12 * 3_600_000, lifeMs: 14 * 24 * 3_600_000 },
}

/**
 * The HTTP interface, ready to listen. It decides nothing: it reads, asks whether the caller may, and calls.
 *
 * @param onRoute told of every route that is registered
 */
export async function buildApi(deps: ApiDeps, onRoute: (route: RouteOptions) => void = () => {}): Promise<Api> {
  const limits = { ...defaultLimits, ...deps.limits }
  const app = fastify({
    ...(deps.log === null ? { logger: false } : { loggerInstance: deps.log.child({}, { serializers: { req: logRequest } }) }),
    trustProxy: deps.trustProxy,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1 << 20,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 400 },
    schemaController: { compilersFactory: { buildSerializer: lazySerializers } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(lazyValidatorCompiler)
  app.setErrorHandler(answerError)
  app.addHook('onRoute', onRoute)
  closeConnections(app)

  await app.register(rateLimit, { max: limits.requestsPerMinute, timeWindow: 60_000 })
  await app.register(helmet, {
    strictTransportSecurity: deps.publicUrl().startsWith('https:'),
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], upgradeInsecureRequests: null },
    },
  })
  await app.register(swagger, openapiOptions())
  await app.register(cookie)
  const cookies = makeCookies(deps.publicUrl)
  guard(app, deps, cookies, limits.sessions)
  const page = deps.dashboard === undefined ? null : await dashboardRoutes(app, deps.dashboard)
  app.setNotFoundHandler((request, reply) => {
    if (page?.isFor(request) === true) return page.send(reply.code(200))
    return sendProblem(
      reply,
      new Failure('INPUT_INVALID', `Cannot ${request.method} this address: there is nothing here`, {
        hint: 'GET /v1/openapi.json lists every address',
      }),
      404,
    )
  })
  openapiRoute(app)
  const parts = { cookies, limits, throttle: deps.throttle ?? openThrottle() }
  accessRoutes(app, deps, limits)
  sessionRoutes(app, deps, parts)
  accountRoutes(app, deps, parts)
  peopleRoutes(app, deps)
  tokenRoutes(app, deps)
  auditRoutes(app, deps)
  eventRoutes(app, deps)
  overviewRoutes(app, deps)
  settingRoutes(app, deps)
  siteRoutes(app, deps)
  managedSiteRoutes(app, deps)
  contentRoutes(app, deps)
  codeRoutes(app, deps)
  backupRoutes(app, deps)
  linkRoutes(app, deps)
  restoreRoutes(app, deps)
  workflowRoutes(app, deps)
  repositoryRoutes(app, deps)
  servingRoutes(app, deps)
  downloadRoutes(app, deps, limits)
  await uploadRoutes(app, deps, limits)
  await gitRoutes(app, deps)
  return app
}
