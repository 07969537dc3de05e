import { readFileSync } from 'node:fs'
import type { RouteOptions } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAudit } from '../access/audit.ts'
import { storeBackup } from '../backups/storeElement.suite.ts'
import { actions, openActions } from '../contract/actions.ts'
import { buildApi } from './buildApi.ts'
import { nothingBehind, openapiFile, renderOpenapi, writeOpenapi } from './renderOpenapi.ts'
import { startTestApi, type TestApi } from './testing.suite.ts'

let api: TestApi
const lines: string[] = []
beforeAll(async () => {
  api = await startTestApi({ log: pino({}, { write: (line: string) => void lines.push(line) }) })
})
afterAll(() => api.stop())

const uploads = { '': Buffer.alloc(0), 'a.txt': Buffer.from('hello') }

test('every route names an action, and all but the open ones refuse a request without a token', async () => {
  const routes = await allRoutes()
  expect(routes.length).toBeGreaterThan(20)
  for (const { method, url, config } of routes) {
    const action = config?.action
    expect(action !== undefined && action in actions, `${String(method)} ${url}`).toBe(true)
    if (action === undefined || openActions.includes(action)) continue
    for (const bearer of [null, 'cairn_x', api.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]) {
      const path = url.replace(':site', 'shop').replace(':environment', 'dev').replace(':id', 'X')
      const answer = await fetch(`${api.url}${path}`, {
        method: String(method),
        headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
      })
      expect([answer.status, answer.headers.get('www-authenticate')], `${String(method)} ${url}`).toEqual([
        401,
        url.startsWith('/git/') ? 'Basic realm="cairn"' : 'Bearer realm="cairn"',
      ])
      await answer.arrayBuffer()
    }
  }
})

test('a route without an action, or about a site that it does not tell, cannot be registered', async () => {
  const app = await buildApi(nothingBehind)
  expect(() => app.get('/forgotten', async () => '')).toThrow(/names no action/)
  const config = { action: 'backup.read' } as const
  expect(() => app.get('/v1/things/:id', { config }, async () => '')).toThrow(/does not tell of which site/)
  await app.close()
})

test('openapi.json is what the server describes', async () => {
  if (process.env['CAIRN_UPDATE'] === '1') await writeOpenapi()
  expect(readFileSync(openapiFile, 'utf8')).toBe(await renderOpenapi())
  const { json } = await api.call('GET', '/v1/openapi.json', undefined, null)
  expect(Object.keys(json?.['paths'] as object)).toContain('/v1/backups/{id}/links')
})

test('every failure is a problem document with a code and a hint', async () => {
  const cases = [
    ['GET', '/v1/backups/nothing', undefined, 404, 'BACKUP_NOT_FOUND'],
    ['GET', '/v1/sites/nothing', undefined, 404, 'SITE_NOT_FOUND'],
    ['GET', '/v1/workflows/nothing', undefined, 404, 'WORKFLOW_NOT_FOUND'],
    ['DELETE', '/v1/links/nothing', undefined, 404, 'LINK_NOT_FOUND'],
    ['GET', '/nothing', undefined, 404, 'INPUT_INVALID'],
    ['POST', '/v1/sites/shop/environments/dev/backups', { elements: [] }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites/shop/environments/dev/backups', { elements: ['code'], keepFor: 5 }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites/shop/environments/dev/backups', { elements: ['everything'] }, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites/shop/environments/dev/backups', { elements: ['code'], keepForDays: '5' }, 400, 'INPUT_INVALID'],
    ['GET', '/v1/workflows?limit=many', undefined, 400, 'INPUT_INVALID'],
    ['POST', '/v1/sites/shop/environments/live/restore', { backup: 'x', elements: ['code'] }, 422, 'CONFIRMATION_NEEDED'],
  ] as const
  for (const [method, path, body, status, code] of cases) {
    const answer = await api.call(method, path, body)
    expect([answer.status, answer.json?.['code'], answer.headers.get('content-type')], path).toEqual([
      status,
      code,
      'application/problem+json',
    ])
    expect(String(answer.json?.['detail'])).toMatch(/^Cannot /)
  }
  const notJson = await fetch(`${api.url}/v1/detect`, {
    method: 'POST',
    body: '{',
    headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
  })
  expect([notJson.status, ((await notJson.json()) as { code: string }).code]).toEqual([400, 'INPUT_INVALID'])
})

test('a mistake of ours tells the client nothing and the log everything', async () => {
  const other = await api.beside({
    key: {
      exported: async () => {
        throw new Error('password hunter2')
      },
      export: async () => ({ key: '', repositoryId: '' }),
    },
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  })
  const answer = await other.call('GET', '/v1/health', undefined, null)
  await other.stop()
  expect([answer.status, answer.json?.['code']]).toEqual([500, 'INTERNAL'])
  expect(answer.text).not.toContain('hunter2')
  expect(lines.join('')).toContain('hunter2')
})

test('whoami tells who the token stands for', async () => {
  expect((await api.call('GET', '/v1/whoami')).json).toMatchObject({ kind: 'token', name: 'test', email: 'o@example.org' })
})

test('a change leaves a row with its outcome; a look does not', async () => {
  await api.call('GET', '/v1/sites')
  const started = await api.call('POST', '/v1/sites/shop/environments/dev/backups', { elements: ['code'] })
  expect(started.status).toBe(202)
  expect(started.json).toMatchObject({ existing: false, workflow: { kind: 'backup', state: 'queued', steps: [] } })
  await api.call('DELETE', '/v1/backups/none')
  await api.call('GET', '/v1/sites')
  const [last, before] = await listAudit(api.db, 2)
  expect(last).toMatchObject({ action: 'backup.delete', subject: 'none', result: 'BACKUP_NOT_FOUND', address: '127.0.0.1' })
  expect(before).toMatchObject({
    action: 'backup.create',
    subject: 'shop.dev',
    result: 'done',
    actor: { kind: 'token' },
    details: { elements: ['code'] },
  })
})

test('a backup goes through its life over HTTP', async () => {
  const { id } = await storeBackup(api.repository, { files: uploads })
  const list = await api.call('GET', '/v1/sites/shop/environments/dev/backups')
  expect(list.json).toMatchObject({
    backups: [
      { id, state: 'captured', elements: [{ element: 'files', fileName: 'shop_dev_2026-06-01T10-00-00_UTC_files.tar.gz' }] },
    ],
  })
  expect((await api.call('PATCH', `/v1/backups/${id}`, { locked: true, note: 'n' })).json).toMatchObject({
    locked: true,
    note: 'n',
  })
  expect((await api.call('DELETE', `/v1/backups/${id}`)).status).toBe(409)
  expect((await api.call('PATCH', `/v1/backups/${id}`, { locked: false, note: null })).json).toMatchObject({
    locked: false,
    note: null,
  })
  expect((await api.call('DELETE', `/v1/backups/${id}`)).json).toMatchObject({
    id,
    deletedAt: expect.any(String),
    recallUntil: expect.any(String),
  })
  expect((await api.call('GET', '/v1/sites/shop/environments/dev/backups')).json).toMatchObject({ backups: [] })
  expect((await api.call('GET', '/v1/sites/shop/environments/dev/backups?all=true')).json).toMatchObject({ backups: [{ id }] })
  expect((await api.call('POST', `/v1/backups/${id}/links`, { element: 'files' })).status).toBe(404)
  expect((await api.call('POST', `/v1/backups/${id}/recall`, {})).json).toMatchObject({ id, deletedAt: null })
})

test('what is still being made is shown as such and neither downloaded nor restored', async () => {
  const started = await api.call('POST', '/v1/sites/shop/environments/dev/backups', { elements: ['code'] })
  const { id } = started.body['workflow'] as { id: string }
  const list = await api.call('GET', '/v1/sites/shop/environments/dev/backups')
  expect((list.body['unfinished'] as { id: string }[]).map((workflow) => workflow.id)).toContain(id)
  expect((await api.call('POST', `/v1/backups/${id}/links`, { element: 'code' })).json).toMatchObject({
    status: 409,
    code: 'BACKUP_NOT_READY',
  })
  const restore = { backup: id, elements: ['code'] }
  expect((await api.call('POST', '/v1/sites/shop/environments/dev/restore', restore)).json).toMatchObject({
    code: 'BACKUP_NOT_READY',
  })
  await api.call('POST', `/v1/workflows/${id}/cancel`, {})
  expect((await api.call('GET', `/v1/backups/${id}`)).json).toMatchObject({
    code: 'BACKUP_UNUSABLE',
    hint: expect.stringContaining('workflow:info'),
  })
})

test('who waits for a workflow is answered when it changed, not before', async () => {
  const started = await api.call('POST', '/v1/sites/shop/environments/dev/undo', {})
  const { id, revision } = started.body['workflow'] as { id: string; revision: number }
  const begun = performance.now()
  expect((await api.call('GET', `/v1/workflows/${id}/wait?seconds=1`)).json).toMatchObject({ state: 'queued' })
  expect(performance.now() - begun).toBeGreaterThan(900)
  const waiting = api.call('GET', `/v1/workflows/${id}/wait?seconds=20&since=${revision}`)
  await api.call('POST', `/v1/workflows/${id}/cancel`, {})
  expect((await waiting).json).toMatchObject({ state: 'cancelled' })
  expect((await api.call('GET', `/v1/workflows/${id}/wait`)).json).toMatchObject({ state: 'cancelled' })
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('the repository is checked, counted and its key exported', async () => {
  expect((await api.call('POST', '/v1/repository/check', { readData: true })).json).toMatchObject({
    ok: true,
    readData: true,
    problems: [],
  })
  expect((await api.call('GET', '/v1/repository/stats')).json).toMatchObject({ repositoryId: api.repository.id })
  const exported = await api.call('POST', '/v1/repository/key/export', {})
  expect([exported.json?.['key'], exported.headers.get('cache-control')]).toEqual(['CAIRN-KEY', 'no-store'])
  expect((await listAudit(api.db, 1))[0]).toMatchObject({
    action: 'repository.export_key',
    subject: 'the installation',
    result: 'done',
  })
})

test('neither tokens nor links get into the log', async () => {
  const { id } = await storeBackup(api.repository, { files: uploads })
  const { json } = await api.call('POST', `/v1/backups/${id}/links`, { element: 'files' })
  const url = String(json?.['url'])
  await fetch(url).then((answer) => answer.arrayBuffer())
  await fetch(`${url}x`).then((answer) => answer.arrayBuffer())
  expect(lines.join('')).not.toContain(url.split('/').at(-2))
  expect(lines.join('')).not.toContain(api.token)
})

test('from one address come only so many requests a minute', async () => {
  const other = await api.beside({ limits: { requestsPerMinute: 3 } })
  const statuses: number[] = []
  for (let n = 0; n < 5; n++) statuses.push((await other.call('GET', '/v1/health')).status)
  expect((await other.call('GET', '/v1/health')).json).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' })
  await other.stop()
  expect(statuses).toEqual([200, 200, 200, 429, 429])
})

async function allRoutes(): Promise<RouteOptions[]> {
  const routes: RouteOptions[] = []
  const app = await buildApi(nothingBehind, (route) => void routes.push(route))
  await app.close()
  return routes.flatMap((route) => [route.method].flat().map((method) => ({ ...route, method })))
}
