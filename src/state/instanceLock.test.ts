import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Failure } from '../base/failure.ts'
import { lockInstance } from './instanceLock.ts'
import { clientConfig } from './open.ts'
import { startTestState, type TestState } from './testing.ts'

let state: TestState
beforeAll(async () => {
  state = await startTestState()
})
afterAll(() => state?.stop())

const lock = (instance: string, onLost: (error: Failure) => void = () => {}) =>
  lockInstance({ connection: state.connection, instance, onLost })

/** The processes of PostgreSQL that hold, or wait for, an instance's lock */
async function holders(granted: boolean): Promise<number[]> {
  const { rows } = await state.pool.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and objsubid = 2 and granted = $1`,
    [granted],
  )
  return rows.map(({ pid }) => pid)
}

async function cut(pid: number | undefined): Promise<void> {
  await state.pool.query('select pg_terminate_backend($1)', [pid])
}

test('of two servers of one name the second is refused, until the first has ended; another name is free', async () => {
  const first = await lock('one')
  const other = await lock('two')
  await expect(lock('one')).rejects.toMatchObject({ code: 'SERVER_RUNNING', hint: expect.stringContaining('"instance"') })
  await first.release()
  await (await lock('one')).release()
  await other.release()
})

test('a lost connection is opened again, and holds as before', async () => {
  const onLost = vi.fn<(error: Failure) => void>()
  const held = await lock('one', onLost)
  const [before] = await holders(true)
  await cut(before)
  await vi.waitUntil(async () => (await holders(true)).some((pid) => pid !== before), { timeout: 20_000, interval: 20 })
  await expect(lock('one')).rejects.toMatchObject({ code: 'SERVER_RUNNING' })
  await held.release()
  expect(onLost).not.toHaveBeenCalled()
  expect(await holders(true)).toEqual([])
})

test('where another came meanwhile, the one that lost it is told to end', async () => {
  const onLost = vi.fn<(error: Failure) => void>()
  const held = await lock('one', onLost)
  const [before] = await holders(true)
  const usurper = new Client(clientConfig(state.connection))
  await usurper.connect()
  const { rows } = await state.pool.query<{ classid: string; objid: string }>(
    `select classid::text, objid::text from pg_locks where pid = $1 and locktype = 'advisory'`,
    [before],
  )
  const waiting = usurper.query('select pg_advisory_lock($1::bigint::bit(32)::int, $2::bigint::bit(32)::int)', [
    rows[0]?.classid,
    rows[0]?.objid,
  ])
  await vi.waitUntil(async () => (await holders(false)).length === 1, { timeout: 20_000, interval: 20 })
  await cut(before)
  await waiting
  await vi.waitUntil(() => onLost.mock.calls.length === 1, { timeout: 20_000 })
  expect(onLost.mock.calls[0]?.[0]).toMatchObject({ code: 'SERVER_RUNNING' })
  await held.release()
  await usurper.end()
})
