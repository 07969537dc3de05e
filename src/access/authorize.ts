import { Failure } from '../base/failure.ts'
import { type Action, actions, openActions, type Role, roleActions } from '../contract/actions.ts'
import type { Actor } from '../contract/words.ts'

/** Who asks, with what they may do. */
export interface Caller {
  actor: Actor
  /** Of the token */
  name: string
  email: string
  roles: readonly Role[]
}

/** What an action is done to; all null for the installation itself. */
export interface Subject {
  site: string | null
  environment: string | null
  /** A backup, link or workflow by its id */
  object: string | null
}

export const installation: Subject = { site: null, environment: null, object: null }

/**
 * Decides; refuses what no rule allows. For now a role holds on the whole installation, the subject is named in the refusal.
 *
 * @throws {Failure} NOT_SIGNED_IN without a caller, NOT_ALLOWED when none of the caller's roles lists the action
 */
export function authorize(caller: Caller | null, action: Action, subject: Subject): void {
  if (openActions.includes(action)) return
  if (caller === null) {
    throw new Failure('NOT_SIGNED_IN', `Cannot ${phrase(action)}: no valid machine token came with the request`, {
      hint: 'Log in with "cairn auth:login --machine-token=TOKEN", or send the header "Authorization: Bearer TOKEN"',
    })
  }
  if (caller.roles.some((role) => roleActions[role].includes(action))) return
  throw notAllowed(caller, action, subject)
}

/** The refusal itself, for a route that also answers it for what is not there. */
export function notAllowed(caller: Caller, action: Action, subject: Subject): Failure {
  return new Failure(
    'NOT_ALLOWED',
    `Cannot ${phrase(action)}: "${caller.email}" has no right to "${action}" on ${describeSubject(subject)}`,
    {
      hint: 'Ask the owner of this installation',
    },
  )
}

/** `site.env`, a site, an id: as audit rows and messages name a subject. */
export function describeSubject(subject: Subject): string {
  const place = subject.environment === null ? subject.site : `${subject.site ?? ''}.${subject.environment}`
  return [place, subject.object].filter((part) => part !== null).join(' ') || 'the installation'
}

function phrase(action: Action): string {
  const means = actions[action].means
  return means.charAt(0).toLowerCase() + means.slice(1).replace(/;.*$/, '')
}
