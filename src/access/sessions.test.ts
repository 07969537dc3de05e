import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestState, type TestState } from '../state/testing.ts'
import { makeCode, findCode, takeCode } from './oneTimeCodes.ts'
import { ensureOwner, type Person } from './people.ts'
import { rotateSessions } from './rotate.ts'
import { beginSession, dropEndedSessions, endSessions, findSession, listSessions, type SessionLimits } from './sessions.ts'

let state: TestState
let person: Person
const hour = 3_600_000
const limits: SessionLimits = { idleMs: 2 * hour, lifeMs: 5 * hour }
const from = { address: '192.0.2.1', client: 'A browser' }
const start = new Date('2026-03-01T10:00:00Z')
const after = (hours: number): Date => new Date(start.getTime() + hours * hour)

beforeAll(async () => {
  state = await startTestState()
  person = await ensureOwner(state.db, { email: 'o@example.org', name: 'O' })
})
afterAll(() => state.stop())

const find = (cookie: string, hours: number) => findSession(state.db, cookie, limits, from.address, after(hours))

test('a session lives while it is used, ends two hours after its last use, and five hours after it began in any case', async () => {
  const used = await beginSession(state.db, person.id, from, limits, start)
  for (const hours of [1, 2.5, 4, 4.99])
    expect((await find(used.cookie, hours))?.caller).toMatchObject({ email: 'o@example.org' })
  expect(await find(used.cookie, 5)).toBeNull()
  const left = await beginSession(state.db, person.id, from, limits, start)
  expect(await find(left.cookie, 2)).toBeNull()
  expect(await find(left.cookie, 0)).toBeNull() // it is gone, not asleep
})

test('what ended by itself is not listed, and forgotten by the sweep', async () => {
  const { id } = await beginSession(state.db, person.id, from, limits, start)
  const young = await beginSession(state.db, person.id, from, limits, after(2))
  const listed = await listSessions(state.db, person.id, limits, after(3))
  expect(listed.map((session) => session.id)).toEqual([young.id])
  expect(id).not.toBe(young.id)
  expect([await dropEndedSessions(state.db, limits, after(3)), await dropEndedSessions(state.db, limits, after(3))]).toEqual([
    1, 0,
  ])
  expect(await endSessions(state.db, person.id)).toBe(1)
})

test('a cookie that was altered by one letter, or is of another form, is nobody’s', async () => {
  const { cookie, id } = await beginSession(state.db, person.id, from, limits, start)
  const flipped = cookie.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))
  for (const wrong of ['', id, `${id}.`, flipped, cookie.toLowerCase(), `${cookie}A`, cookie.replace('.', '_')]) {
    expect(await find(wrong, 1), wrong).toBeNull()
  }
  expect(await find(cookie, 1)).not.toBeNull()
})

test('of requests at the same time one gets the new secret, and none is refused', async () => {
  const { cookie } = await beginSession(state.db, person.id, from, limits, start)
  await rotateSessions(state.db, person.id)
  const found = await Promise.all(Array.from({ length: 8 }, () => find(cookie, 1)))
  expect(found.filter((session) => session === null)).toEqual([])
  const renewed = found.flatMap((session) => session?.renewed ?? [])
  expect(renewed).toHaveLength(1)
  expect(await find(renewed[0]?.cookie ?? '', 1.5)).toMatchObject({ renewed: null })
  expect(await find(cookie, 1.5)).toBeNull() // good for a minute
})

test('a one-time code is good until its time is over, once, also when two take it at once', async () => {
  const made = await makeCode(state.db, 'login', person.id, start)
  const found = await findCode(state.db, made.code, after(0.2))
  await expect(findCode(state.db, made.code, after(0.25))).rejects.toMatchObject({ code: 'CODE_REFUSED' })
  await expect(takeCode(state.db, found.id, after(0.25))).rejects.toMatchObject({ code: 'CODE_REFUSED' })
  const both = await Promise.allSettled([1, 2].map(() => takeCode(state.db, found.id, after(0.2))))
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const rows = await state.db.selectFrom('one_time_code').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain(made.code)
})
