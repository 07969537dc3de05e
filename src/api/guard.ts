import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { beginAudit, endAudit } from '../access/audit.ts'
import { authorize, type Caller, installation, type Subject } from '../access/authorize.ts'
import { findSession, type SessionLimits } from '../access/sessions.ts'
import { findCaller } from '../access/tokens.ts'
import { Failure } from '../base/failure.ts'
import { type Action, actions, openActions, type Rule } from '../contract/actions.ts'
import type { ErrorCode } from '../contract/errors.ts'
import { type Cookies } from './cookies.ts'
import type { ApiDeps } from './deps.ts'
import { isUnsafe, requireOwnOrigin } from './ownOrigin.ts'
import { type About, findSubject, namedSubject } from './subjects.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; a route without one is refused */
    action?: Action
    /** What its `:id` names, where the address has no site */
    about?: About
    /** For programs that know passwords only: the machine token comes as one, under any user name */
    passwords?: boolean
  }
  interface FastifyRequest {
    caller: Caller | null
    /** What is done to, with the site that an id belongs to */
    subject: Subject
    /** The row that says this change was asked for */
    audit: number | null
    /** What the row should say beyond the subject; never a secret */
    auditDetails: Record<string, unknown>
    outcome: ErrorCode | null
  }
}

/**
 * Rights and audit, for every route: who asks, whether it may, and a row for each change, written before it is made. A route
 * that names no action cannot be registered, and would be refused if it were. Who asks is told by a machine token, else by the
 * cookie of a session; with a cookie, what changes anything must come from a page of ours.
 */
export function guard(app: FastifyInstance, deps: ApiDeps, cookies: Cookies, limits: SessionLimits): void {
  const { db } = deps.store
  app.decorateRequest('caller', null)
  app.decorateRequest('subject')
  app.decorateRequest('audit', null)
  app.decorateRequest('outcome', null)
  app.decorateRequest('auditDetails')
  app.addHook('onRoute', requireAction)

  app.addHook('onRequest', async (request, reply) => {
    request.auditDetails = {}
    request.subject = installation
    if (request.is404) return
    const action = actionOf(request)
    const isSignIn = action.startsWith('session.') && openActions.includes(action)
    if (openActions.includes(action) && !isSignIn) return
    request.caller = await readCaller(request, reply)
    if (isUnsafe(request)) {
      const byCookie = request.caller !== null && request.caller.sessionId !== null
      if (byCookie || isSignIn) requireOwnOrigin(request, deps.publicUrl(), byCookie)
    }
    if (isSignIn) return
    try {
      if (request.caller !== null) request.subject = await findSubject(request, deps)
      authorize(request.caller, action, request.subject, namedSubject(request))
    } catch (error) {
      if (error instanceof Failure && error.code === 'NOT_ALLOWED') await audit(request, action, error.code)
      throw error
    }
  })

  app.addHook('preHandler', async (request) => {
    if (request.is404) return
    const action = actionOf(request)
    nameNewSite(request, action)
    if (actions[action].changes && !openActions.includes(action)) await audit(request, action, null)
  })

  app.addHook('onSend', async (request, reply: FastifyReply, payload: unknown) => {
    const { audit: row, outcome, auditDetails } = request
    if (row === null) return payload
    request.audit = null // an error while sending comes here again
    await endAudit(db, row, outcome ?? (reply.statusCode < 400 ? 'done' : 'INTERNAL'), auditDetails)
    return payload
  })

  async function audit(request: FastifyRequest, action: Action, result: ErrorCode | null): Promise<void> {
    const { caller, subject } = request
    if (caller === null) return
    const id = await beginAudit(db, { actor: caller.actor, action, subject, address: request.ip })
    if (result === null) request.audit = id
    else await endAudit(db, id, result)
  }

  /** With a token the cookie is not looked at: what came with the request on purpose counts. */
  async function readCaller(request: FastifyRequest, reply: FastifyReply): Promise<Caller | null> {
    const { authorization } = request.headers
    if (authorization !== undefined || request.routeOptions.config.passwords === true) {
      const token = request.routeOptions.config.passwords === true ? readPassword(authorization) : readBearer(authorization)
      return token === undefined ? null : findCaller(db, token, { address: request.ip })
    }
    const cookie = cookies.session(request)
    const found = cookie === undefined ? null : await findSession(db, cookie, limits, request.ip)
    if (found?.renewed != null) cookies.setSession(request, reply, found.renewed)
    return found?.caller ?? null
  }
}

/** A site that is asked for in the body belongs into the row, so that its administrators find how it began. */
function nameNewSite(request: FastifyRequest, action: Action): void {
  const { site } = (request.body ?? {}) as { site?: unknown }
  if (action === 'site.create' && typeof site === 'string') request.subject = { ...request.subject, site }
}

/** The caller of a route that needs one: the guard has refused the request otherwise. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`route "${request.routeOptions.url}" let a request without a caller through`)
  return request.caller
}

function requireAction(route: RouteOptions): void {
  const action = route.config?.action
  if (action === undefined || !Object.hasOwn(actions, action)) {
    throw new Error(`route "${String(route.method)} ${route.url}" names no action`)
  }
  const rule: Rule = actions[action]
  if (rule.on === 'site' && !route.url.includes(':site') && route.config?.about === undefined) {
    throw new Error(`route "${String(route.method)} ${route.url}" does not tell of which site "${action}" is`)
  }
}

function actionOf(request: FastifyRequest): Action {
  const action = request.routeOptions.config.action
  if (action === undefined) throw new Failure('NOT_ALLOWED', 'Cannot do this: the route names no action')
  return action
}

function readBearer(header = ''): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1]
}

function readPassword(header = ''): string | undefined {
  const [, encoded = ''] = /^Basic\s+(\S+)\s*$/i.exec(header) ?? []
  return /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}
