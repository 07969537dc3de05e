import type { FastifyReply, FastifyRequest } from 'fastify'
import { recordAudit } from '../access/audit.ts'
import type { Caller } from '../access/authorize.ts'
import type { Person } from '../access/people.ts'
import { rightsOf } from '../access/roles.ts'
import { beginSession, endSession } from '../access/sessions.ts'
import { viewCaller } from '../access/view.ts'
import { Failure } from '../base/failure.ts'
import type { Whoami } from '../contract/accessSchemas.ts'
import type { Action } from '../contract/actions.ts'
import type { Actor } from '../contract/words.ts'
import type { Cookies } from './cookies.ts'
import type { ApiDeps, ApiLimits } from './deps.ts'

/** Nobody yet: a row about somebody who could not log in names no actor that they only claim to be. */
const nobody: Actor = { kind: 'system', id: 'log-in', name: 'Log-in' }

/**
 * Logs a browser in, with a new session in place of the one that it had, and a row in the audit log. What `find` refuses leaves a
 * row as well.
 */
export async function signIn(
  { store: { db } }: ApiDeps,
  { cookies, limits }: { cookies: Cookies; limits: ApiLimits },
  { request, reply, action, subject }: { request: FastifyRequest; reply: FastifyReply; action: Action; subject: string | null },
  find: () => Promise<{ person: Person; details?: Record<string, unknown> }>,
): Promise<Whoami> {
  const about = { action, address: request.ip }
  try {
    const { person, details = {} } = await find()
    const actor: Actor = { kind: 'person', id: person.email, name: person.name }
    const from = { address: request.ip, client: request.headers['user-agent'] ?? null }
    const { caller: before } = request
    if (before !== null && before.sessionId !== null) await endSession(db, before.personId, before.sessionId)
    const session = await beginSession(db, person.id, from, limits.sessions)
    await recordAudit(db, { ...about, actor, subject: person.email, details: { ...details, session: session.id } }, 'done')
    cookies.setSession(request, reply, session)
    void reply.header('cache-control', 'no-store')
    const { id: personId, email, name, role } = person
    const caller: Caller = { actor, name, email, personId, sessionId: session.id, rights: await rightsOf(db, personId, role) }
    return await viewCaller(db, caller, limits.sessions)
  } catch (error) {
    if (error instanceof Failure) await recordAudit(db, { ...about, actor: nobody, subject }, error.code)
    throw error
  }
}
