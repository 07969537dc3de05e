import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAudit } from '../access/audit.ts'
import { createToken, revokeToken } from '../access/tokens.ts'
import { actionNames } from '../contract/actions.ts'
import { storeBackup } from '../backups/storeElement.suite.ts'
import { startTestApi, type TestApi } from './testing.suite.ts'

let api: TestApi
const lines: string[] = []
beforeAll(async () => {
  api = await startTestApi({ log: pino({}, { write: (line: string) => void lines.push(line) }) })
})
afterAll(() => api.stop())

const dev = '/v1/sites/shop/environments/dev'
const live = '/v1/sites/shop/environments/live'
const secret = 'https://store.example.org/site.zip?X-Signature=hunter2'

test('each way in starts a workflow of its kind, and leaves a row that tells what was asked', async () => {
  const backup = await storeBackup(api.repository, { files: { 'a.txt': Buffer.from('a') } })
  const empty = { kind: 'empty', framework: 'wordpress' }
  const cases: [string, string, object | undefined, string, string, object][] = [
    ['POST', '/v1/sites', { site: 'a', source: empty }, 'create_site', 'site.create', { site: 'a', ...empty }],
    [
      ...(['POST', '/v1/sites', { site: 'b', source: { kind: 'backup', backup: backup.id } }] as const),
      ...(['create_site', 'site.create', { site: 'b', kind: 'backup', backup: backup.id }] as const),
    ],
    ['POST', '/v1/sites/shop/environments', { environment: 'x' }, 'add_environment', 'environment.create', { from: 'dev' }],
    ['DELETE', `${dev}?confirm=shop.dev`, undefined, 'delete_environment', 'environment.delete', {}],
    [
      ...(['POST', `${dev}/detach`, { confirm: 'shop.dev', dropUndo: true }] as const),
      ...(['detach', 'site.detach', { dropUndo: true }] as const),
    ],
    ['DELETE', '/v1/sites/shop?confirm=shop', undefined, 'delete_site', 'site.delete', {}],
    [
      ...(['DELETE', '/v1/sites/shop?confirm=shop&giveUpLastBackup=true', undefined] as const),
      ...(['delete_site', 'site.delete', { giveUpLastBackup: true }] as const),
    ],
    [
      ...(['POST', `${dev}/import`, { element: 'files', from: { upload: 'U1' } }] as const),
      ...(['import', 'environment.import', { element: 'files', upload: 'U1', dryRun: false }] as const),
    ],
    ['POST', `${dev}/clone`, { from: 'live', elements: ['files'] }, 'clone', 'environment.clone', { from: 'live' }],
    ['POST', `${dev}/wipe`, { confirm: 'shop.dev' }, 'wipe', 'environment.wipe', {}],
    ['POST', `${live}/deploy`, { note: 'n', confirm: 'shop.live' }, 'deploy', 'environment.deploy', { note: 'n' }],
    [
      ...(['POST', `${dev}/search-replace`, { pairs: [{ from: 'http://a', to: 'http://b' }] }] as const),
      ...(['search_replace', 'environment.search_replace', { pairs: [{ from: 'http://a', to: 'http://b' }] }] as const),
    ],
    ['POST', `${dev}/revert-code`, { commit: 'abc' }, 'revert_code', 'environment.revert_code', { commit: 'abc' }],
    [
      ...(['POST', `${dev}/reset-code`, { commit: 'abc', confirm: 'shop.dev' }] as const),
      ...(['reset_code', 'environment.revert_code', { commit: 'abc' }] as const),
    ],
  ]
  for (const [method, path, body, kind, action, details] of cases) {
    const answer = await api.call(method, path, body)
    expect([answer.status, answer.json], `${method} ${path}`).toMatchObject([202, { workflow: { kind, state: 'queued' } }])
    expect((await listAudit(api.db, 1))[0]).toMatchObject({ action, result: 'done', details })
  }
  expect((await api.call('GET', `${dev}/code-log?limit=5&skip=2`)).json).toEqual({ commits: [], more: false })
})

test('whether a site could be made is asked without archives, and begins nothing', async () => {
  const before = (await api.queue.list({ limit: 1000 })).length
  const source = { kind: 'empty', framework: 'wordpress' }
  expect((await api.call('POST', '/v1/sites', { site: 'a', source, dryRun: true })).status).toBe(204)
  expect((await listAudit(api.db, 1))[0]).toMatchObject({ action: 'site.create', details: { dryRun: true } })
  expect((await api.queue.list({ limit: 1000 })).length).toBe(before)
})

test('what is incomplete, contradicts itself or was not confirmed is refused in words, and starts nothing', async () => {
  const before = (await api.queue.list({ limit: 1000 })).length
  const cases: [string, string, object | undefined, number, string][] = [
    ['POST', '/v1/sites', { site: 'a' }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites', { site: 'a', source: { kind: 'empty', framework: 'joomla' } }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites', { site: 'a', source: { kind: 'archives', code: { url: 'x', upload: 'y' } } }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites', { site: 'a', source: { kind: 'backup', backup: 'none' } }, 404, 'BACKUP_NOT_FOUND'],
    ['POST', '/v1/sites/shop/environments', {}, 400, 'INPUT_INVALID'],
    ['DELETE', '/v1/sites/shop', undefined, 400, 'INPUT_INVALID'],
    ['DELETE', '/v1/sites/shop?confirm=shop.dev', undefined, 422, 'CONFIRMATION_NEEDED'],
    ['DELETE', `${dev}?confirm=shop.test`, undefined, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${dev}/detach`, { dropUndo: true }, 400, 'INPUT_INVALID'],
    ['POST', `${dev}/detach`, { confirm: 'shop', dropUndo: true }, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${dev}/wipe`, {}, 400, 'INPUT_INVALID'],
    ['POST', `${dev}/wipe`, { confirm: 'shop' }, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${live}/clone`, { from: 'test', elements: ['files'] }, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${dev}/clone`, { from: 'test', elements: ['code'] }, 400, 'INPUT_INVALID'],
    ['POST', `${live}/import`, { element: 'code', from: { upload: 'U1' } }, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${live}/deploy`, {}, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${live}/search-replace`, { pairs: [{ from: 'a', to: 'b' }] }, 422, 'CONFIRMATION_NEEDED'],
    ['POST', `${dev}/search-replace`, { pairs: [] }, 400, 'INPUT_INVALID'],
    ['POST', `${dev}/revert-code`, { commit: '--all' }, 400, 'INPUT_INVALID'],
    ['POST', `${dev}/reset-code`, { commit: 'abc', confirm: 'yes' }, 422, 'CONFIRMATION_NEEDED'],
    ['GET', `${dev}/code-log?limit=0`, undefined, 400, 'INPUT_INVALID'],
    ['GET', '/v1/sites/none/environments/dev/code-log', undefined, 404, 'SITE_NOT_FOUND'],
  ]
  for (const [method, path, body, status, code] of cases) {
    const answer = await api.call(method, path, body)
    const found = [answer.status, answer.json?.['code'], answer.headers.get('content-type')]
    expect(found, `${method} ${path} ${JSON.stringify(body)}`).toEqual([status, code, 'application/problem+json'])
    expect(String(answer.json?.['detail'])).toMatch(/^Cannot /)
  }
  expect((await api.queue.list({ limit: 1000 })).length).toBe(before)
})

test('who may not read an environment gets no copy of its content', async () => {
  const { json: made } = await api.call('POST', '/v1/tokens', {
    name: 'all but one',
    actions: actionNames.filter((action) => action !== 'backup.use'),
  })
  const call = (path: string, body: object) => api.call('POST', path, body, String(made?.['secret']))
  const cases: [string, object, string][] = [
    ['/v1/sites/shop/environments/test/deploy', { syncContent: true }, 'shop.live'],
    ['/v1/sites/shop/environments', { environment: 'x' }, 'shop.dev'],
    ['/v1/sites/shop/environments', { environment: 'x', from: 'live' }, 'shop.live'],
    [`${dev}/clone`, { from: 'live', elements: ['files'] }, 'shop.live'],
  ]
  for (const [path, body, subject] of cases) {
    const { status, json } = await call(path, body)
    expect([status, json?.['code'], json?.['detail']], path).toEqual([403, 'NOT_ALLOWED', expect.stringContaining(subject)])
  }
  expect((await call('/v1/sites/shop/environments/test/deploy', {})).status).toBe(202)
})

test('a revoked token deletes nothing', async () => {
  const person = await api.db.selectFrom('person').select('id').executeTakeFirstOrThrow()
  const { id, token } = await createToken(api.db, { personId: person.id, name: 'lost' })
  await revokeToken(api.db, id)
  const refused = await api.call('DELETE', '/v1/sites/shop?confirm=shop', undefined, token)
  expect([refused.status, refused.json?.['code']]).toEqual([401, 'NOT_SIGNED_IN'])
})

test('an address that is given is a secret: neither answer nor log nor audit shows it', async () => {
  const source = { kind: 'archives', code: { url: secret }, database: { url: secret } }
  const made = await api.call('POST', '/v1/sites', { site: 'new', source })
  const [created] = await listAudit(api.db, 1)
  const imported = await api.call('POST', `${dev}/import`, { element: 'code', from: { url: secret } })
  const wrong = await api.call('POST', `${dev}/import`, { element: 'code', from: { url: secret, more: 1 } })
  const rows = await listAudit(api.db, 3)
  expect(created?.details).toEqual({ site: 'new', kind: 'archives', given: ['code', 'database'] })
  expect([made.status, imported.status, wrong.status]).toEqual([202, 202, 400])
  const list = await api.call('GET', '/v1/workflows?limit=50')
  const said = [made, imported, wrong, list].map(({ text }) => text).join('') + JSON.stringify([created, rows]) + lines.join('')
  expect(said).not.toContain('hunter2')
})
