/**
 * What crosses HTTP about people: sessions, accounts, roles, machine tokens, the audit log. Each schema names its route.
 * A browser is signed in by a cookie that scripts cannot read; what it may is decided by `rights.ts` out of `Whoami.rights`.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { actionNames, roles, siteRoles } from './actions.ts'
import { ActorView } from './schemas.ts'

const closed = { additionalProperties: false }
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const email = Type.String({ minLength: 3, maxLength: 254 })
const personName = Type.String({ minLength: 1, maxLength: 200 })
/** Its least length is looked at by the server, which words it */
const password = Type.String({ minLength: 1, maxLength: 1024 })
/** A name of the IANA data base, such as `Europe/Berlin`; null where none was chosen: the browser's own */
const timeZone = nullable(Type.String({ minLength: 1, maxLength: 64 }))
/** With a new password: the machine tokens of the person end too. Without it they stay, for what backs up by night would stop */
const revokeTokens = Type.Optional(Type.Boolean())
const siteName = Type.String({ minLength: 1, maxLength: 200 })

export const RoleName = Type.Enum([...roles])
export const ActionName = Type.Enum([...actionNames])

const siteGrants = Type.Array(Type.Object({ site: siteName, role: Type.Enum([...siteRoles]) }, closed), { maxItems: 10_000 })

export const RightsView = Type.Object({
  everywhere: nullable(RoleName),
  sites: siteGrants,
  scope: nullable(Type.Object({ sites: nullable(Type.Array(Type.String())), actions: nullable(Type.Array(Type.String())) })),
})

/** `GET /v1/whoami`. Feed `rights` to `decide`, `may` and `reasonOf` of rights.ts. */
export const Whoami = Type.Object({
  kind: Type.Enum(['person', 'token']),
  /** Of the person, or of the token */
  id: Type.String(),
  /** Of the person, or of the token */
  name: Type.String(),
  email: Type.String(),
  personId: Type.String(),
  personName: Type.String(),
  timeZone,
  /** False for an account that was only ever logged in by a link: it should choose a password */
  hasPassword: Type.Boolean(),
  rights: RightsView,
  /** Null for a machine token */
  session: nullable(Type.Object({ id: Type.String(), expiresAt: time, idleSeconds: Type.Integer({ minimum: 0 }) })),
})
export type Whoami = Static<typeof Whoami>

/** `GET /v1/session`: never refused, so that a page can ask it first. */
export const SessionState = Type.Object({
  me: nullable(Whoami),
  /** Nobody has a password yet: the page to show is the one that takes the code which the server printed */
  setUpNeeded: Type.Boolean(),
})
export type SessionState = Static<typeof SessionState>

/** `POST /v1/session` → 200 Whoami with the cookie; 401 LOGIN_REFUSED; 429 TOO_MANY_REQUESTS with `retry-after`. It may take some seconds. */
export const LoginInput = Type.Object({ email, password }, closed)
export type LoginInput = Static<typeof LoginInput>

/** `DELETE /v1/session` logs out here: 204. `DELETE /v1/sessions` logs out everywhere, here too: 200. */
export const SessionsEnded = Type.Object({ ended: Type.Integer({ minimum: 0 }) })

export const oneTimePurposes = ['setup', 'invitation', 'reset', 'login'] as const
/** Where the dashboard takes a code: the address that is given out is `<public url><page>#<code>`, so that no server logs it. */
export const oneTimePages = { setup: '/setup', invitation: '/invitation', reset: '/reset', login: '/login-link' } as const

/** `POST /v1/one-time-codes/look`: what a code is for. 403 CODE_REFUSED when it was used, has expired or is none. */
export const CodeInput = Type.Object({ code: Type.String({ minLength: 1, maxLength: 200 }) }, closed)
export type CodeInput = Static<typeof CodeInput>
export const CodeView = Type.Object({
  purpose: Type.Enum([...oneTimePurposes]),
  /** What the account has now; of `setup` a proposal */
  email: Type.String(),
  name: Type.String(),
  /** How many machine tokens of the person are good; they stay so unless `revokeTokens` is asked for */
  tokens: Type.Integer({ minimum: 0 }),
  expiresAt: time,
})
export type CodeView = Static<typeof CodeView>

/**
 * `POST /v1/one-time-codes/use` → 200 Whoami with the cookie, once. `setup` needs e-mail, name and password, `invitation` and
 * `reset` a password, `login` nothing. 403 CODE_REFUSED, 422 PASSWORD_REFUSED (the code stays good).
 */
export const UseCodeInput = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.Optional(email),
    name: Type.Optional(personName),
    password: Type.Optional(password),
    timeZone: Type.Optional(timeZone),
    revokeTokens,
  },
  closed,
)
export type UseCodeInput = Static<typeof UseCodeInput>

/** `POST /v1/session/link`: a link that logs oneself in once, elsewhere. Also what inviting and resetting give. */
export const OneTimeLink = Type.Object({
  purpose: Type.Enum([...oneTimePurposes]),
  url: Type.String(),
  code: Type.String(),
  expiresAt: time,
})
export type OneTimeLink = Static<typeof OneTimeLink>

export const SessionView = Type.Object({
  id: Type.String(),
  /** The one that asks */
  current: Type.Boolean(),
  createdAt: time,
  lastUsedAt: time,
  expiresAt: time,
  address: nullable(Type.String()),
  /** What the browser calls itself */
  client: nullable(Type.String()),
})
export type SessionView = Static<typeof SessionView>
/** `GET /v1/sessions`: the own ones. `DELETE /v1/sessions/:id` ends one: 204. */
export const Sessions = Type.Object({ sessions: Type.Array(SessionView) })
export type Sessions = Static<typeof Sessions>

/** `PATCH /v1/account` → Whoami */
export const AccountChange = Type.Object(
  { name: Type.Optional(personName), timeZone: Type.Optional(timeZone) },
  { ...closed, minProperties: 1 },
)
export type AccountChange = Static<typeof AccountChange>

/** `POST /v1/account/password` → Whoami. `current` is needed where there is a password. Ends the other sessions. 401 LOGIN_REFUSED, 422 PASSWORD_REFUSED */
export const PasswordInput = Type.Object({ current: Type.Optional(password), password, revokeTokens }, closed)
export type PasswordInput = Static<typeof PasswordInput>

export const PersonParams = Type.Object({ person: Type.String({ minLength: 1, maxLength: 254 }) })

export const PersonView = Type.Object({
  id: Type.String(),
  email: Type.String(),
  name: Type.String(),
  timeZone,
  hasPassword: Type.Boolean(),
  everywhere: nullable(RoleName),
  sites: siteGrants,
  /** How many machine tokens are good */
  tokens: Type.Integer({ minimum: 0 }),
  createdAt: time,
  lastSeenAt: nullable(time),
  /** Of an invitation or reset link that was not used yet */
  linkUntil: nullable(time),
})
export type PersonView = Static<typeof PersonView>
/** `GET /v1/people`; `GET`, `PATCH` and `DELETE /v1/people/:person`, by id or e-mail address. */
export const People = Type.Object({ people: Type.Array(PersonView) })
export type People = Static<typeof People>

/** `POST /v1/people` → 201 PersonInvited; 409 PERSON_TAKEN; 403 for a role above one's own */
export const PersonInput = Type.Object(
  {
    email,
    name: Type.Optional(personName),
    everywhere: Type.Optional(nullable(RoleName)),
    sites: Type.Optional(siteGrants),
  },
  closed,
)
export type PersonInput = Static<typeof PersonInput>
/** The link is shown this once; `POST /v1/people/:person/link` makes another one, which ends the one before. */
export const PersonInvited = Type.Object({ person: PersonView, link: OneTimeLink })
export type PersonInvited = Static<typeof PersonInvited>

/** `PATCH /v1/people/:person` → PersonView */
export const PersonChange = Type.Object(
  { email: Type.Optional(email), name: Type.Optional(personName) },
  { ...closed, minProperties: 1 },
)
export type PersonChange = Static<typeof PersonChange>

/** `POST /v1/people/:person/roles` → PersonView. `site: null` is over all, `role: null` takes it away. 409 OWNER_NEEDED for the last owner */
export const RoleChange = Type.Object({ site: nullable(siteName), role: nullable(RoleName) }, closed)
export type RoleChange = Static<typeof RoleChange>

/** `GET /v1/roles`: the table of rights, as actions.ts has it. */
export const RoleTable = Type.Object({
  roles: Type.Array(Type.Object({ role: RoleName, means: Type.String() })),
  actions: Type.Array(
    Type.Object({
      action: ActionName,
      means: Type.String(),
      changes: Type.Boolean(),
      on: Type.Enum(['open', 'self', 'somewhere', 'installation', 'site']),
      /** The least role; null where none is needed */
      role: nullable(RoleName),
      /** The least role on a live environment */
      live: nullable(RoleName),
    }),
  ),
})
export type RoleTable = Static<typeof RoleTable>

/** `GET /v1/whoami/actions?site=&environment=`: what the caller may there, and why not. */
export const ActionsQuery = Type.Object({ site: Type.Optional(siteName), environment: Type.Optional(siteName) })
export const AllowedActions = Type.Object({
  actions: Type.Array(Type.Object({ action: ActionName, allowed: Type.Boolean(), reason: nullable(Type.String()) })),
})
export type AllowedActions = Static<typeof AllowedActions>

export const TokenView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** The e-mail address of its person */
  email: Type.String(),
  /** Null: every site that its person has */
  sites: nullable(Type.Array(Type.String())),
  /** Null: every action that its person may do */
  actions: nullable(Type.Array(Type.String())),
  createdAt: time,
  expiresAt: nullable(time),
  lastUsedAt: nullable(time),
  lastAddress: nullable(Type.String()),
  /** That of the server's own user: commands beside the server use it. Once revoked, the server makes another when it starts */
  isOfServer: Type.Boolean(),
})
export type TokenView = Static<typeof TokenView>
/** `GET /v1/tokens`, with `all=true` those of everybody (admins). Revoked ones are gone, expired ones are still listed. */
export const Tokens = Type.Object({ tokens: Type.Array(TokenView) })
export type Tokens = Static<typeof Tokens>
export const TokensQuery = Type.Object({ all: Type.Optional(Type.Boolean()) })

/** `POST /v1/tokens` → 201 TokenCreated. `DELETE /v1/tokens/:id` revokes: 204. */
export const TokenInput = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    sites: Type.Optional(nullable(Type.Array(siteName, { minItems: 1, maxItems: 10_000 }))),
    actions: Type.Optional(nullable(Type.Array(ActionName, { minItems: 1 }))),
    expiresInDays: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 3650 }))),
  },
  closed,
)
export type TokenInput = Static<typeof TokenInput>
/** `secret` is the whole token, `cairn_<id>_<secret>`, shown this once. */
export const TokenCreated = Type.Object({ token: TokenView, secret: Type.String() })
export type TokenCreated = Static<typeof TokenCreated>

/** `GET /v1/audit`, newest first. `actor` is a part of a name or address, `before` the `next` of the page before. */
export const AuditQuery = Type.Object({
  site: Type.Optional(siteName),
  environment: Type.Optional(siteName),
  /** An action, or what several begin with: `backup.` */
  action: Type.Optional(Type.String({ maxLength: 100 })),
  actor: Type.Optional(Type.String({ maxLength: 254 })),
  /** done: only those; failed: only others */
  result: Type.Optional(Type.Enum(['done', 'failed', 'begun'])),
  since: Type.Optional(time),
  until: Type.Optional(time),
  before: Type.Optional(Type.Integer({ minimum: 1 })),
  skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
})
export type AuditQuery = Static<typeof AuditQuery>
export const AuditRow = Type.Object({
  id: Type.Integer(),
  at: time,
  actor: ActorView,
  action: Type.String(),
  site: nullable(Type.String()),
  environment: nullable(Type.String()),
  /** What it was done to, in words: `shop.live 01J…`, `the installation` */
  subject: nullable(Type.String()),
  /** `done`, `begun`, or the code of the failure */
  result: Type.String(),
  address: nullable(Type.String()),
  details: Type.Record(Type.String(), Type.Unknown()),
})
export type AuditRow = Static<typeof AuditRow>
export const AuditPage = Type.Object({ rows: Type.Array(AuditRow), next: nullable(Type.Integer()) })
export type AuditPage = Static<typeof AuditPage>
