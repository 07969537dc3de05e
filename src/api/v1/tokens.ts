import { Type } from 'typebox'
import { authorize, type Caller, installation } from '../../access/authorize.ts'
import { findPerson } from '../../access/people.ts'
import { requireReach } from '../../access/roles.ts'
import { createToken, findToken, listTokens, noSuchSite, revokeToken } from '../../access/tokens.ts'
import { viewToken } from '../../access/view.ts'
import { Failure } from '../../base/failure.ts'
import { TokenCreated, TokenInput, Tokens, TokensQuery } from '../../contract/accessSchemas.ts'
import { may } from '../../contract/rights.ts'
import { IdParams } from '../../contract/schemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import type { Api } from '../server.ts'

const dayMs = 86_400_000

/** Machine tokens: one's own, and as an administrator those of others, to look at and to revoke. */
export function tokenRoutes(app: Api, { store: { db } }: ApiDeps): void {
  app.get(
    '/v1/tokens',
    {
      config: { action: 'token.list' },
      schema: { summary: 'Machine tokens, the own ones or all', querystring: TokensQuery, response: { 200: Tokens } },
    },
    async (request) => {
      const caller = callerOf(request)
      const { all = false } = request.query
      if (all) authorize(caller, 'person.list', installation)
      return { tokens: (await listTokens(db, all ? null : caller.personId)).map(viewToken) }
    },
  )

  app.post(
    '/v1/tokens',
    {
      config: { action: 'token.create' },
      schema: { summary: 'Make a machine token; it is shown this once', body: TokenInput, response: { 201: TokenCreated } },
    },
    async (request, reply) => {
      const { name, sites = null, actions = null, expiresInDays = null } = request.body
      const { personId, rights } = callerOf(request)
      const unseen = sites?.find((site) => !may(rights, 'site.read', { site, environment: null }))
      if (unseen !== undefined) throw noSuchSite(unseen)
      const expiresAt = expiresInDays === null ? null : new Date(Date.now() + expiresInDays * dayMs)
      const { id, token } = await createToken(db, { personId, name, sites, actions, expiresAt })
      request.auditDetails = { token: id, name, sites, actions, expiresInDays }
      const view = viewToken(await findToken(db, id))
      return reply.code(201).header('cache-control', 'no-store').send({ token: view, secret: token })
    },
  )

  app.delete(
    '/v1/tokens/:id',
    {
      config: { action: 'token.revoke' },
      schema: { summary: 'Revoke a machine token', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { id } = request.params
      request.auditDetails = { name: await requireRevocable(caller, id) }
      await revokeToken(db, id)
      return reply.code(204).send(null)
    },
  )

  /** Who may not look at the tokens of others is told of them as of such that are not there. */
  async function requireRevocable(caller: Caller, id: string): Promise<string> {
    const isAdmin = caller.rights.everywhere === 'admin' || caller.rights.everywhere === 'owner'
    const token = await findToken(db, id)
    if (token.person_id === caller.personId) return token.name
    if (!isAdmin)
      throw new Failure('TOKEN_NOT_FOUND', `Cannot find the machine token "${id}": none has this id`, {
        hint: '"cairn machine-token:list" shows those there are',
      })
    authorize(caller, 'person.edit', installation)
    requireReach(caller.rights, [(await findPerson(db, token.person_id)).role], 'revoke this machine token')
    return token.name
  }
}
