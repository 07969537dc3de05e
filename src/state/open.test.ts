import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from './json.ts'
import { up as addHosts } from './migrations/0005_host.ts'
import { openState } from './open.ts'
import { startTestState, type TestState } from './testing.ts'

let state: TestState
beforeAll(async () => {
  state = await startTestState()
})
afterAll(() => state?.stop())

test('jsonb keeps arrays and objects, bigint comes back as a number, bytea as bytes, times as dates', async () => {
  await state.db
    .insertInto('setting')
    .values({ key: 'list', value: json([1, { a: 'b' }]) })
    .execute()
  const { value } = await state.db.selectFrom('setting').select('value').executeTakeFirstOrThrow()
  expect(value).toEqual([1, { a: 'b' }])
  const pack = await state.db
    .insertInto('pack')
    .values({ name: 'p', length_bytes: 5_000_000_000, sha256: Buffer.from([0, 255]) })
    .returningAll()
    .executeTakeFirstOrThrow()
  expect(pack).toMatchObject({ length_bytes: 5_000_000_000, state: 'live', condemned_at: null })
  expect(pack.sha256.equals(Buffer.from([0, 255]))).toBe(true)
  expect(pack.created_at).toBeInstanceOf(Date)
  expect(typeof pack.id).toBe('number')
})

test('a bigint that a number cannot hold is refused, never rounded', async () => {
  await expect(state.pool.query('select 9007199254740993::bigint')).rejects.toThrow('too large')
})

test('several processes may open and migrate at once', async () => {
  const opened = await Promise.all([1, 2, 3].map(() => openState(state.connection)))
  for (const { close } of opened) await close()
})

test('a database that cannot be reached is a worded failure', async () => {
  await expect(openState({ socketDirectory: '/nowhere', port: 5432 })).rejects.toMatchObject({ code: 'STATE_DATABASE' })
})

test('of two managed environments that shared an address before the older one is found there; attached ones may share it', async () => {
  await state.pool.query(
    "alter table environment drop column host; insert into site (name, framework) values ('shop', 'wordpress')",
  )
  const rows = [
    ['a', 'attached', 'https://shop.example', 1],
    ['b', 'managed', 'http://shop.example.:8080', 3],
    ['c', 'managed', 'https://shop.example', 2],
    ['d', 'managed', 'http://x:99999', 4],
    ['e', 'managed', null, 5],
  ]
  for (const [id, kind, url, day] of rows) {
    const sql = `insert into environment (id, site, name, kind, code_root, docroot, url, created_at)
      values ($1, 'shop', $1, $2, '/', '/', $3, make_timestamptz(2026, 1, $4, 0, 0, 0))`
    await state.pool.query(sql, [id, kind, url, day])
  }
  await addHosts(state.db as never)
  const found = await state.db.selectFrom('environment').select(['id', 'host']).where('host', 'is not', null).execute()
  expect(found).toEqual([{ id: 'c', host: 'shop.example' }])
})
