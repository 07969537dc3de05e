import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../../access/tokens.ts'
import type { Overview } from '../../contract/overviewSchemas.ts'
import { json } from '../../state/json.ts'
import { startTestApi, type TestApi } from '../testing.suite.ts'

let api: TestApi
const actor = json({ kind: 'person' as const, id: 'o@example.org', name: 'O' })
const hourAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000)

beforeAll(async () => {
  api = await startTestApi()
  await api.db
    .insertInto('site')
    .values([
      { name: 'blog', label: 'The blog', framework: 'wordpress' },
      { name: 'shop', framework: 'drupal8' },
    ])
    .execute()
  const environment = (site: string, name: string, facts: Record<string, unknown> = {}) => ({
    ...{ id: `E-${site}-${name}`, site, name, kind: 'attached', code_root: '/x', docroot: '/x', facts: json(facts) },
  })
  await api.db
    .insertInto('environment')
    .values([environment('blog', 'live'), environment('blog', 'dev'), environment('shop', 'dev', { managed: { release: 0 } })])
    .execute()
  const backup = (id: string, at: Date, change: object = {}) => ({
    ...{
      id,
      environment_id: 'E-blog-live',
      site: 'blog',
      environment: 'live',
      trigger: 'manual' as const,
      actor,
      state: 'proven' as const,
    },
    ...{ moment_at: at, elements: json({ code: { archiveLength: 100 }, database: { archiveLength: 11 } } as never) },
    ...change,
  })
  await api.db
    .insertInto('backup')
    .values([
      backup('B1', hourAgo(30)),
      backup('B2', hourAgo(3)),
      backup('B0', hourAgo(40)), // found in the repository later
      backup('B3', hourAgo(2), { deleted_at: hourAgo(1) }),
      backup('B4', hourAgo(1), { expires_at: hourAgo(0.5) }),
    ])
    .execute()
  await api.db
    .insertInto('workflow')
    .values({
      ...{ id: 'W1', kind: 'backup', site: 'blog', environment: 'live', actor, input: json({}), state: 'failed' as const },
      ...{
        finished_at: hourAgo(1),
        failure: json({ code: 'DUMP_FAILED', message: 'Cannot dump', hint: null, retry: 'later' } as never),
      },
    })
    .execute()
})
afterAll(() => api.stop())

const read = async (token?: string): Promise<Overview['sites']> =>
  ((await api.call('GET', '/v1/overview', undefined, token)).body as unknown as Overview).sites

test('each environment is told with its newest listed backup, and with what failed since', async () => {
  const [blog, shop] = await read()
  expect(blog).toMatchObject({ name: 'blog', label: 'The blog', archiveBytes: 333 })
  expect(blog?.environments.map(({ name }) => name)).toEqual(['dev', 'live'])
  expect(blog?.environments[0]).toMatchObject({ lastBackup: null, failedSince: null, backups: 0, empty: false })
  expect(blog?.environments[1]).toMatchObject({
    lastBackup: { id: 'B2', state: 'proven', archiveBytes: 111 },
    failedSince: { workflow: 'W1', message: 'Cannot dump' },
    backups: 3,
  })
  expect(shop?.environments[0]).toMatchObject({ kind: 'managed', empty: true })
})

test('what is deleted, recalled and gone is counted as it happens', async () => {
  const counted = async () => {
    const [blog] = await read()
    return [blog?.archiveBytes, blog?.environments[1]?.backups, blog?.environments[1]?.lastBackup?.id]
  }
  const change = (id: string, values: { deleted_at?: Date | null; locked?: boolean }) =>
    api.db.updateTable('backup').set(values).where('id', '=', id).execute()
  await change('B3', { deleted_at: null })
  expect(await counted()).toEqual([444, 4, 'B3'])
  await change('B4', { locked: true }) // its expiry does not count then
  expect(await counted()).toEqual([555, 5, 'B4'])
  await change('B4', { deleted_at: new Date() })
  await change('B3', { deleted_at: new Date() })
  await api.db.deleteFrom('backup').where('id', '=', 'B0').execute()
  await api.db.deleteFrom('backup').where('id', '=', 'B3').execute()
  expect(await counted()).toEqual([222, 2, 'B2'])
})

test('a site that one does not see is not in it', async () => {
  const { id } = await api.db.selectFrom('person').select('id').executeTakeFirstOrThrow()
  const { token } = await createToken(api.db, { personId: id, name: 'narrow', sites: ['shop'] })
  expect((await read(token)).map(({ name }) => name)).toEqual(['shop'])
})
