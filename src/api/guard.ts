import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { beginAudit, endAudit } from '../access/audit.ts'
import { authorize, type Caller, describeSubject, type Subject } from '../access/authorize.ts'
import { findCaller } from '../access/tokens.ts'
import { Failure } from '../base/failure.ts'
import { type Action, actions } from '../contract/actions.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { ApiDeps } from './deps.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; a route without one is refused */
    action?: Action
    /** For programs that know passwords only: the machine token comes as one, under any user name */
    passwords?: boolean
  }
  interface FastifyRequest {
    caller: Caller | null
    /** The row that says this change was asked for */
    audit: number | null
    /** What the row should say beyond the subject; never a secret */
    auditDetails: Record<string, unknown>
    outcome: ErrorCode | null
  }
}

/**
 * Rights and audit, for every route: who asks, whether it may, and a row for each change, written before it is made. A route
 * that names no action cannot be registered, and would be refused if it were.
 */
export function guard(app: FastifyInstance, db: ApiDeps['store']['db']): void {
  app.decorateRequest('caller', null)
  app.decorateRequest('audit', null)
  app.decorateRequest('outcome', null)
  app.decorateRequest('auditDetails')
  app.addHook('onRoute', requireAction)

  app.addHook('onRequest', async (request) => {
    request.auditDetails = {}
    if (request.is404) return
    const action = actionOf(request)
    request.caller = await readCaller(request, db)
    try {
      authorize(request.caller, action, subjectOf(request))
    } catch (error) {
      if (error instanceof Failure && error.code === 'NOT_ALLOWED') await audit(request, action, error.code)
      throw error
    }
  })

  app.addHook('preHandler', async (request) => {
    if (request.is404) return
    const action = actionOf(request)
    if (actions[action].changes) await audit(request, action, null)
  })

  app.addHook('onSend', async (request, reply: FastifyReply, payload: unknown) => {
    const { audit: row, outcome, auditDetails } = request
    if (row === null) return payload
    request.audit = null // an error while sending comes here again
    await endAudit(db, row, outcome ?? (reply.statusCode < 400 ? 'done' : 'INTERNAL'), auditDetails)
    return payload
  })

  async function audit(request: FastifyRequest, action: Action, result: ErrorCode | null): Promise<void> {
    const { caller } = request
    if (caller === null) return
    const id = await beginAudit(db, {
      actor: caller.actor,
      action,
      subject: describeSubject(subjectOf(request)),
      address: request.ip,
    })
    if (result === null) request.audit = id
    else await endAudit(db, id, result)
  }
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
}

function actionOf(request: FastifyRequest): Action {
  const action = request.routeOptions.config.action
  if (action === undefined) throw new Failure('NOT_ALLOWED', 'Cannot do this: the route names no action')
  return action
}

async function readCaller(request: FastifyRequest, db: ApiDeps['store']['db']): Promise<Caller | null> {
  const { authorization = '' } = request.headers
  const token = request.routeOptions.config.passwords === true ? readPassword(authorization) : readBearer(authorization)
  return token === undefined ? null : findCaller(db, token)
}

function readBearer(header: string): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1]
}

function readPassword(header: string): string | undefined {
  const [, encoded = ''] = /^Basic\s+(\S+)\s*$/i.exec(header) ?? []
  return /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}

function subjectOf(request: FastifyRequest): Subject {
  const params = (request.params ?? {}) as Partial<Record<'site' | 'environment' | 'id', string>>
  return { site: params.site ?? null, environment: params.environment ?? null, object: params.id ?? null }
}
