import { Type } from 'typebox'
import { changePassword } from '../../access/accounts.ts'
import { changePerson } from '../../access/people.ts'
import { endSession, endSessions, listSessions } from '../../access/sessions.ts'
import type { Throttle } from '../../access/throttle.ts'
import { requireTimeZone } from '../../access/timeZone.ts'
import { viewCaller, viewSession } from '../../access/view.ts'
import { rotateSessions } from '../../access/rotate.ts'
import { Failure } from '../../base/failure.ts'
import { AccountChange, PasswordInput, Sessions, SessionsEnded, Whoami } from '../../contract/accessSchemas.ts'
import { IdParams } from '../../contract/schemas.ts'
import type { Cookies } from '../cookies.ts'
import type { ApiDeps, ApiLimits } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

interface Parts {
  cookies: Cookies
  limits: ApiLimits
  throttle: Throttle
}

/** What a person changes about the own account. */
export function accountRoutes(app: Api, deps: ApiDeps, { cookies, limits, throttle }: Parts): void {
  const { db } = deps.store

  app.patch(
    '/v1/account',
    {
      config: { action: 'account.edit' },
      schema: { summary: 'Change the own name or time zone', body: AccountChange, response: { 200: Whoami } },
    },
    async (request) => {
      const { name, timeZone } = request.body
      if (timeZone != null) requireTimeZone(timeZone)
      request.auditDetails = { ...request.body }
      const caller = callerOf(request)
      const change = { ...(name === undefined ? {} : { name }), ...(timeZone === undefined ? {} : { time_zone: timeZone }) }
      const person = await changePerson(db, caller.personId, change)
      return viewCaller(db, caller.sessionId === null ? caller : { ...caller, name: person.name }, limits.sessions)
    },
  )

  app.post(
    '/v1/account/password',
    {
      config: { action: 'account.edit' },
      schema: {
        summary: 'Choose a password; all other sessions end',
        body: PasswordInput,
        response: { 200: Whoami },
      },
    },
    async (request) => {
      const { current = '', password, revokeTokens = false } = request.body
      request.auditDetails = { password: 'changed', ...(revokeTokens ? { tokens: 'revoked' } : {}) }
      const caller = callerOf(request)
      const { personId, sessionId } = caller
      await changePassword(db, throttle, { personId, current, password, address: request.ip, sessionId, revokeTokens })
      await rotateSessions(db, personId)
      return viewCaller(db, caller, limits.sessions)
    },
  )

  app.get(
    '/v1/sessions',
    { config: { action: 'session.list' }, schema: { summary: 'The own sessions', response: { 200: Sessions } } },
    async (request) => {
      const { personId, sessionId } = callerOf(request)
      const found = await listSessions(db, personId, limits.sessions)
      return { sessions: found.map((session) => viewSession(session, sessionId, limits.sessions)) }
    },
  )

  app.delete(
    '/v1/sessions',
    { config: { action: 'session.end' }, schema: { summary: 'Log out everywhere', response: { 200: SessionsEnded } } },
    async (request, reply) => {
      const { personId, sessionId } = callerOf(request)
      const ended = await endSessions(db, personId)
      if (sessionId !== null) cookies.clearSession(request, reply)
      return { ended }
    },
  )

  app.delete(
    '/v1/sessions/:id',
    {
      config: { action: 'session.end' },
      schema: { summary: 'End one of the own sessions', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { personId, sessionId } = callerOf(request)
      const { id } = request.params
      if (!(await endSession(db, personId, id)))
        throw new Failure('SESSION_NOT_FOUND', `Cannot end the session "${id}": you have none with this id`, {
          hint: '"cairn session:list" shows yours',
        })
      if (id === sessionId) cookies.clearSession(request, reply)
      return reply.code(204).send(null)
    },
  )
}
