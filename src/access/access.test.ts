import { afterAll, beforeAll, expect, test } from 'vitest'
import { actionNames, actions, openActions } from '../contract/actions.ts'
import { startTestState, type TestState } from '../state/testing.ts'
import { beginAudit, endAudit, listAudit } from './audit.ts'
import { authorize, type Caller, describeSubject, installation } from './authorize.ts'
import { requireConfirmation } from './confirm.ts'
import { ensureOwner, findOwner } from './people.ts'
import { createToken, findCaller, revokeToken } from './tokens.ts'

let state: TestState
beforeAll(async () => {
  state = await startTestState()
})
afterAll(() => state.stop())

const caller: Caller = {
  actor: { kind: 'token', id: 'T', name: 'o@example.org' },
  name: 'laptop',
  email: 'o@example.org',
  personId: 'P',
  rights: { everywhere: 'owner', sites: [], scope: null },
  sessionId: null,
}

test('authorize() refuses without a role what takes one, and everything to nobody', () => {
  const roleless: Caller = { ...caller, rights: { everywhere: null, sites: [], scope: null } }
  for (const action of actionNames.filter((name) => !openActions.includes(name))) {
    if (actions[action].on !== 'self') {
      expect(() => authorize(roleless, action, installation)).toThrow(expect.objectContaining({ code: 'NOT_ALLOWED' }))
    }
    expect(() => authorize(null, action, installation)).toThrow(expect.objectContaining({ code: 'NOT_SIGNED_IN' }))
    expect(() => authorize(caller, action, installation)).not.toThrow()
  }
})

test('a subject is worded as people write it', () => {
  expect(describeSubject({ site: 'shop', environment: 'live', object: null })).toBe('shop.live')
  expect(describeSubject({ site: 'shop', environment: null, object: null })).toBe('shop')
  expect(describeSubject(installation)).toBe('the installation')
})

test('a live environment wants its name, any other one takes none or the right one', () => {
  expect(() => requireConfirmation('shop', 'live', undefined)).toThrow(expect.objectContaining({ code: 'CONFIRMATION_NEEDED' }))
  expect(() => requireConfirmation('shop', 'live', 'shop.dev')).toThrow(expect.objectContaining({ code: 'CONFIRMATION_NEEDED' }))
  expect(() => requireConfirmation('shop', 'dev', 'shop.live')).toThrow(expect.objectContaining({ code: 'CONFIRMATION_NEEDED' }))
  expect(() => requireConfirmation('shop', 'live', 'shop.live')).not.toThrow()
  expect(() => requireConfirmation('shop', 'dev', undefined)).not.toThrow()
})

test('there is one owner, whose address follows the configuration, also when two ask at once', async () => {
  const wanted = { email: 'a@example.org', name: 'A' }
  const both = await Promise.all([ensureOwner(state.db, wanted), ensureOwner(state.db, wanted)])
  expect(both[0].id).toBe(both[1].id)
  const moved = await ensureOwner(state.db, { email: 'b@example.org', name: 'B' })
  expect(moved.id).toBe(both[0].id)
  expect(await findOwner(state.db)).toMatchObject({ id: moved.id, email: 'b@example.org', name: 'B', role: 'owner' })
  await expect(ensureOwner(state.db, { email: 'nobody', name: '' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
})

test('a token names its person until it is altered or revoked, and its secret is stored nowhere', async () => {
  const owner = await ensureOwner(state.db, { email: 'b@example.org', name: 'B' })
  const { id, token } = await createToken(state.db, { personId: owner.id, name: 'laptop' })
  expect(token).toMatch(/^cairn_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}$/)
  expect(await findCaller(state.db, token)).toEqual({
    actor: { kind: 'token', id, name: 'b@example.org' },
    name: 'laptop',
    email: 'b@example.org',
    personId: owner.id,
    rights: { everywhere: 'owner', sites: [], scope: null },
    sessionId: null,
  })
  const flipped = `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`
  for (const wrong of [flipped, token.slice(0, -1), `${token}A`, '', 'cairn__', token.toLowerCase()]) {
    expect(await findCaller(state.db, wrong)).toBeNull()
  }
  const rows = await state.db.selectFrom('machine_token').selectAll().execute()
  expect(JSON.stringify(rows.map((row) => ({ ...row, secret_hash: row.secret_hash.toString('latin1') })))).not.toContain(
    token.slice(33),
  )
  expect(rows[0]?.last_used_at).toBeInstanceOf(Date)
  expect(await revokeToken(state.db, id)).toBe(true)
  expect(await revokeToken(state.db, id)).toBe(false)
  expect(await findCaller(state.db, token)).toBeNull()
})

test('a row says what was asked for before it is done, and how it ended', async () => {
  const row = await beginAudit(state.db, {
    actor: caller.actor,
    action: 'backup.delete',
    subject: 'B1',
    address: '::1',
    details: { why: 'test' },
  })
  expect((await listAudit(state.db, 1))[0]).toMatchObject({ result: 'begun', subject: 'B1', address: '::1' })
  await endAudit(state.db, row, 'done', { more: 1 })
  expect((await listAudit(state.db, 1))[0]).toMatchObject({
    result: 'done',
    actor: caller.actor,
    details: { why: 'test', more: 1 },
  })
})
