import { Failure } from '../base/failure.ts'
import { type Action, actions } from '../contract/actions.ts'
import { type Decision, decide, may, reasonOf, type Rights } from '../contract/rights.ts'
import type { Actor } from '../contract/words.ts'

/** Who asks, with what they may do. */
export interface Caller {
  actor: Actor
  /** Of the person, or of the machine token */
  name: string
  email: string
  personId: string
  rights: Rights
  /** The session of a browser; null for a machine token */
  sessionId: string | null
}

/** What an action is done to; all null for the installation itself. */
export interface Subject {
  site: string | null
  environment: string | null
  /** A backup, link or workflow by its id, a person by address */
  object: string | null
}

export const installation: Subject = { site: null, environment: null, object: null }

/**
 * Decides by the table of rights; refuses what no rule allows.
 *
 * @param shown what the refusal names, where that is less than what was looked up: a refusal tells nothing that is not known
 * @throws {Failure} NOT_SIGNED_IN without a caller, NOT_ALLOWED when the caller's roles or the token's limits do not reach
 */
export function authorize(caller: Caller | null, action: Action, subject: Subject, shown: Subject = subject): void {
  const decision = decide(caller?.rights ?? null, action, subject)
  if (decision.allowed) return
  if (caller === null || decision.why === 'sign-in') {
    throw new Failure('NOT_SIGNED_IN', `Cannot ${phrase(action)}: no valid session or machine token came with the request`, {
      hint: 'Log in with "cairn auth:login --machine-token=TOKEN", or send the header "Authorization: Bearer TOKEN"',
    })
  }
  throw notAllowed(caller, action, shown, mayBeTold(caller, action, subject, shown) ? decision : undefined)
}

/** Which role is lacking tells of which site an id is: that is for who sees the site. */
function mayBeTold({ rights }: Caller, action: Action, subject: Subject, shown: Subject): boolean {
  if (actions[action].on !== 'site') return true
  return subject.site !== null && (shown.site === subject.site || may(rights, 'site.read', subject))
}

/** The refusal itself, for a route that also answers it for what is not there. */
export function notAllowed(caller: Caller, action: Action, subject: Subject, decision?: Decision): Failure {
  const reason = decision === undefined ? null : reasonOf(decision)
  return new Failure(
    'NOT_ALLOWED',
    `Cannot ${phrase(action)}: "${caller.email}" has no right to "${action}" on ${describeSubject(subject)}`,
    {
      hint:
        reason === null ? 'Ask an administrator of this installation' : `${reason}. Ask an administrator of this installation`,
    },
  )
}

/** `site.env`, a site, an id: as audit rows and messages name a subject. */
export function describeSubject(subject: Subject): string {
  const place = subject.environment === null ? subject.site : `${subject.site ?? ''}.${subject.environment}`
  return [place, subject.object].filter((part) => part !== null).join(' ') || 'the installation'
}

function phrase(action: Action): string {
  const { means } = actions[action]
  return means.charAt(0).toLowerCase() + means.slice(1).replace(/[;:].*$/, '')
}
