import { Type } from 'typebox'
import { isSetUpNeeded, logIn, spendCode } from '../../access/accounts.ts'
import { findCode, makeCode } from '../../access/oneTimeCodes.ts'
import { endSession } from '../../access/sessions.ts'
import type { Throttle } from '../../access/throttle.ts'
import { countTokens } from '../../access/tokens.ts'
import { viewCaller } from '../../access/view.ts'
import { CodeInput, CodeView, LoginInput, OneTimeLink, SessionState, UseCodeInput, Whoami } from '../../contract/accessSchemas.ts'
import type { Cookies } from '../cookies.ts'
import type { ApiDeps, ApiLimits } from '../deps.ts'
import { callerOf } from '../guard.ts'
import { linkOf } from '../oneTimeLink.ts'
import type { Api } from '../server.ts'
import { signIn } from '../signIn.ts'

interface SignIn {
  cookies: Cookies
  limits: ApiLimits
  throttle: Throttle
}

/** Logging in and out, with a password or with a one-time code. */
export function sessionRoutes(app: Api, deps: ApiDeps, parts: SignIn): void {
  const { db } = deps.store
  const { cookies, limits, throttle } = parts

  app.get(
    '/v1/session',
    {
      config: { action: 'session.read' },
      schema: { summary: 'Whether one is logged in; never refused', security: [], response: { 200: SessionState } },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      const { caller } = request
      return {
        me: caller === null ? null : await viewCaller(db, caller, limits.sessions),
        setUpNeeded: await isSetUpNeeded(db),
      }
    },
  )

  app.post(
    '/v1/session',
    {
      config: { action: 'session.create' },
      schema: { summary: 'Log in; the session is a cookie', security: [], body: LoginInput, response: { 200: Whoami } },
    },
    async (request, reply) => {
      const { email, password } = request.body
      const about = { request, reply, action: 'session.create', subject: email } as const
      return signIn(deps, parts, about, async () => {
        const device = cookies.device(request)
        const found = await logIn(db, throttle, { email, password, address: request.ip, device })
        cookies.setDevice(request, reply, found.device)
        return found
      })
    },
  )

  app.delete(
    '/v1/session',
    {
      config: { action: 'session.end' },
      schema: { summary: 'Log out', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { personId, sessionId } = callerOf(request)
      if (sessionId !== null) await endSession(db, personId, sessionId)
      cookies.clearSession(request, reply)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/session/link',
    {
      config: { action: 'session.link' },
      schema: { summary: 'A link that logs oneself in once, within a quarter of an hour', response: { 201: OneTimeLink } },
    },
    async (request, reply) => {
      const code = await makeCode(db, 'login', callerOf(request).personId)
      return reply.code(201).header('cache-control', 'no-store').send(linkOf(deps, code))
    },
  )

  app.post(
    '/v1/one-time-codes/look',
    {
      config: { action: 'session.look_at_code' },
      schema: { summary: 'What a one-time code is for', security: [], body: CodeInput, response: { 200: CodeView } },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      const { purpose, person, expiresAt } = await findCode(db, request.body.code)
      const tokens = await countTokens(db, person.id)
      return { purpose, email: person.email, name: person.name, tokens, expiresAt: expiresAt.toISOString() }
    },
  )

  app.post(
    '/v1/one-time-codes/use',
    {
      config: { action: 'session.use_code' },
      schema: {
        summary: 'Use a one-time code: set up, take an invitation, choose a password; logs in',
        security: [],
        body: UseCodeInput,
        response: { 200: Whoami },
      },
    },
    async (request, reply) => {
      const { code, timeZone, ...chosen } = request.body
      return signIn(deps, parts, { request, reply, action: 'session.use_code', subject: null }, async () => {
        const { person, purpose } = await spendCode(db, code, {
          ...chosen,
          ...(timeZone === undefined ? {} : { time_zone: timeZone }),
        })
        return { person, details: { purpose, ...(chosen.revokeTokens === true ? { tokens: 'revoked' } : {}) } }
      })
    },
  )
}
