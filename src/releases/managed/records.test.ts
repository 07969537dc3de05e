import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUlid } from '../../base/ids.ts'
import { startTestState, type TestState } from '../../state/testing.ts'
import { installationTag, namesOf } from './names.ts'
import { type NewRelease, openReleases, type Releases } from './records.ts'

let state: TestState
let releases: Releases
const later = new Date('2030-01-01')

beforeAll(async () => {
  state = await startTestState()
  const names = namesOf(await installationTag(state.db))
  releases = openReleases({ db: state.db, key: createSecretKey(randomBytes(32)), names })
  await state.db.insertInto('site').values({ name: 'shop', framework: 'wordpress' }).execute()
})
afterAll(() => state.stop())

async function environment(): Promise<string> {
  const id = newUlid()
  const places = { code_root: '/x', docroot: '/x' }
  await state.db
    .insertInto('environment')
    .values({ id, site: 'shop', name: id.toLowerCase(), kind: 'managed', ...places })
    .execute()
  return id
}

const wanted = (environmentId: string, more: Partial<NewRelease> = {}): NewRelease => ({
  environmentId,
  framework: 'wordpress',
  docroot: '',
  commit: null,
  files: 'new',
  database: 'new',
  origin: { workflow: newUlid(), backup: null, what: 'a test' },
  ...more,
})

/** Begins a release and makes it current. */
async function add(id: string, more: Partial<NewRelease> = {}): Promise<number> {
  const { number } = await releases.begin(wanted(id, more))
  await releases.setCurrent(id, number, later)
  return number
}

test('an installation has one tag, by which it knows its own names', async () => {
  const tag = await installationTag(state.db)
  expect(await installationTag(state.db)).toBe(tag)
  const names = namesOf(tag)
  const { schema, account } = await releases.begin(wanted(await environment()))
  expect([schema, account, names.owner(schema)].every(names.isOurs)).toBe(true)
  expect(account.length).toBeLessThanOrEqual(32)
  expect(names.isOurs('c_data')).toBe(false)
  expect(namesOf('000000').isOurs(schema)).toBe(false)
})

test('setCode() tells what a release that is being prepared turned out to be, and changes none that is ready', async () => {
  const id = await environment()
  const release = await releases.begin(wanted(id))
  const code = { framework: 'drupal8', docroot: 'web', commit: 'a'.repeat(40) } as const
  expect(await releases.setCode(release, code)).toMatchObject({ number: release.number, ...code })
  await releases.setReady(release)
  await releases.setCode(release, { ...code, commit: null })
  expect(await releases.find(id, release.number)).toMatchObject({ ...code, state: 'ready', account: release.account })
})

test('begin() gives a workflow that asks again the same release, and another one the next', async () => {
  const id = await environment()
  const first = wanted(id)
  const begun = await releases.begin(first)
  expect(await releases.begin(first)).toEqual(begun)
  expect(await releases.find(id, begun.number)).toEqual(begun)
  expect((await releases.begin(wanted(id))).number).toBe(begun.number + 1)
  await releases.setDropped(begun)
  expect((await releases.begin(first)).number).toBe(begun.number + 2)
  await expect(releases.find(id, begun.number)).rejects.toMatchObject({ code: 'UNDO_MISSING' })
})

test('what is kept is shared with the current release; salts stay, accounts and secrets change', async () => {
  const id = await environment()
  await expect(releases.begin(wanted(id, { files: 'kept' }))).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  await add(id)
  const current = await releases.current(id)
  const next = await releases.begin(wanted(id, { files: 'kept', database: 'kept' }))
  expect(next).toMatchObject({ filesId: current?.filesId, schema: current?.schema })
  expect(next.account).not.toBe(current?.account)
  expect(next.secrets.salts).toEqual(current?.secrets.salts)
  expect(next.secrets.hashSalt).toBe(current?.secrets.hashSalt)
  expect(next.secrets.password).not.toBe(current?.secrets.password)
  expect(next.secrets.checkSecret).not.toBe(current?.secrets.checkSecret)
  const other = await releases.begin(wanted(id))
  expect([other.filesId, other.schema]).not.toContain(current?.filesId)
  const rows = await state.db.selectFrom('release').selectAll().execute()
  const text = rows.map((row) => `${JSON.stringify(row)}${row.secrets.toString('latin1')}`).join()
  expect(text).not.toContain(next.secrets.password)
})

test('one release is current, and setCurrent() may be repeated', async () => {
  const id = await environment()
  const [first, second] = [await add(id), await add(id)]
  await releases.setCurrent(id, second, new Date('2031-01-01'))
  const rows = await releases.list(id)
  expect(rows.map(({ number, state: held, keepUntil }) => [number, held, keepUntil])).toEqual([
    [first, 'kept', later],
    [second, 'current', null],
  ])
  await releases.setDropped({ environmentId: id, number: second })
  expect((await releases.current(id))?.number).toBe(second) // never the current one
})

test('an undo goes back to what was current before, and forward again', async () => {
  const id = await environment()
  const to = async (direction: 'back' | 'forward') => (await releases.undoTarget(id, direction))?.number ?? null
  const go = async (direction: 'back' | 'forward') => releases.setCurrent(id, (await to(direction)) ?? 0, later)
  expect(await to('back')).toBe(null)
  const [a, b, c] = [await add(id), await add(id), await add(id)]
  expect([await to('back'), await to('forward')]).toEqual([b, null])
  await go('back')
  expect([await to('back'), await to('forward')]).toEqual([a, c])
  await go('back')
  expect([await to('back'), await to('forward')]).toEqual([null, b])
  await go('forward')
  expect([await to('back'), await to('forward')]).toEqual([a, c])
  // something new behind b: what came after b before is no way forward from it
  const d = await add(id)
  expect([await to('back'), await to('forward')]).toEqual([b, null])
  await go('back')
  expect(await to('forward')).toBe(d)
  await releases.setDropped({ environmentId: id, number: a })
  expect(await to('back')).toBe(null)
})
