import { Type } from 'typebox'
import { makeCode } from '../../access/oneTimeCodes.ts'
import { changePerson, changeRole, createPerson, deletePerson, findPerson, type Person } from '../../access/people.ts'
import { requireReach } from '../../access/roles.ts'
import { endSessions } from '../../access/sessions.ts'
import { viewPeople, viewPerson } from '../../access/view.ts'
import {
  OneTimeLink,
  People,
  PersonChange,
  PersonInput,
  PersonInvited,
  PersonParams,
  PersonView,
  RoleChange,
  SessionsEnded,
} from '../../contract/accessSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import { callerOf } from '../guard.ts'
import { linkOf } from '../oneTimeLink.ts'
import type { Api } from '../server.ts'

/** People, for administrators. Nobody changes an account with a role above the own one. */
export function peopleRoutes(app: Api, deps: ApiDeps): void {
  const { db } = deps.store
  const one = '/v1/people/:person'
  const findWithin = async (request: Parameters<typeof callerOf>[0], what: string): Promise<Person> => {
    const { person: name } = request.params as { person: string }
    const person = await findPerson(db, name)
    requireReach(callerOf(request).rights, [person.role], what)
    return person
  }

  app.get(
    '/v1/people',
    { config: { action: 'person.list' }, schema: { summary: 'People and their roles', response: { 200: People } } },
    async () => ({ people: await viewPeople(db) }),
  )

  app.post(
    '/v1/people',
    {
      config: { action: 'person.create' },
      schema: { summary: 'Invite a person', body: PersonInput, response: { 201: PersonInvited } },
    },
    async (request, reply) => {
      const { email, name = email.split('@', 1)[0] ?? email, everywhere = null, sites = [] } = request.body
      request.auditDetails = { email, everywhere, sites }
      requireReach(callerOf(request).rights, [everywhere], 'invite this person')
      const roles = [...(everywhere === null ? [] : [{ site: null, role: everywhere }]), ...sites]
      const { id } = await createPerson(db, { email, name, roles })
      const link = linkOf(deps, await makeCode(db, 'invitation', id))
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ person: await viewPerson(db, id), link })
    },
  )

  app.get(
    one,
    {
      config: { action: 'person.list' },
      schema: { summary: 'One person', params: PersonParams, response: { 200: PersonView } },
    },
    async (request) => viewPerson(db, request.params.person),
  )

  app.patch(
    one,
    {
      config: { action: 'person.edit' },
      schema: { summary: 'Change the name or address', params: PersonParams, body: PersonChange, response: { 200: PersonView } },
    },
    async (request) => {
      request.auditDetails = { ...request.body }
      const { id } = await findWithin(request, 'change this person')
      await changePerson(db, id, request.body)
      return viewPerson(db, id)
    },
  )

  app.delete(
    one,
    {
      config: { action: 'person.delete' },
      schema: {
        summary: 'Delete a person, with sessions and machine tokens',
        params: PersonParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id, email } = await findWithin(request, 'delete this person')
      request.auditDetails = { email }
      await deletePerson(db, id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    `${one}/link`,
    {
      config: { action: 'person.link' },
      schema: {
        summary: 'A one-time link with which the person chooses a password; the one before ends',
        params: PersonParams,
        response: { 201: OneTimeLink },
      },
    },
    async (request, reply) => {
      const { id, password } = await findWithin(request, 'make a link for this person')
      const code = await makeCode(db, password === null ? 'invitation' : 'reset', id)
      request.auditDetails = { purpose: code.purpose }
      return reply.code(201).header('cache-control', 'no-store').send(linkOf(deps, code))
    },
  )

  app.post(
    `${one}/roles`,
    {
      config: { action: 'role.grant' },
      schema: {
        summary: 'Give a role on a site or over all, or take it away',
        params: PersonParams,
        body: RoleChange,
        response: { 200: PersonView },
      },
    },
    async (request) => {
      request.auditDetails = { ...request.body }
      const { id } = await findWithin(request, 'change the roles of this person')
      requireReach(callerOf(request).rights, [request.body.role], 'give this role')
      await changeRole(db, id, request.body)
      return viewPerson(db, id)
    },
  )

  app.delete(
    `${one}/sessions`,
    {
      config: { action: 'person.edit' },
      schema: { summary: 'End all sessions of a person', params: PersonParams, response: { 200: SessionsEnded } },
    },
    async (request) => {
      const { id } = await findWithin(request, 'end the sessions of this person')
      request.auditDetails = { sessions: 'ended' }
      return { ended: await endSessions(db, id) }
    },
  )
}
