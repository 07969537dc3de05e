import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../access/tokens.ts'
import { storeBackup } from '../backups/storeElement.suite.ts'
import { openBrowser } from './browser.suite.ts'
import { startTestApi, type TestApi } from './testing.suite.ts'

let api: TestApi
const password = 'a long enough password'

beforeAll(async () => {
  api = await startTestApi()
  await api.db
    .insertInto('site')
    .values(['shop', 'other'].map((name) => ({ name, framework: 'wordpress' })))
    .execute()
})
afterAll(() => api.stop())

interface Invited {
  person: { id: string }
  link: { code: string; url: string }
}

/** Somebody who was invited and has a password; gives a machine token of that person. */
async function invite(email: string, roles: object): Promise<string> {
  const { link } = (await api.call('POST', '/v1/people', { email, ...roles })).body as unknown as Invited
  const browser = openBrowser(api.url)
  expect((await browser.call('POST', '/v1/one-time-codes/use', { code: link.code, password })).status).toBe(200)
  return String((await browser.call('POST', '/v1/tokens', { name: 'all' })).body['secret'])
}

test('an invitation makes an account with roles, and a link to choose a password; a second link ends the first', async () => {
  const sites = [{ site: 'shop', role: 'operator' }]
  const answer = await api.call('POST', '/v1/people', { email: ' Vera@Example.org ', name: 'Vera', everywhere: 'viewer', sites })
  const { link } = answer.body as unknown as Invited
  expect([answer.status, answer.body['person']]).toEqual([
    201,
    expect.objectContaining({
      email: 'vera@example.org',
      everywhere: 'viewer',
      sites,
      hasPassword: false,
      linkUntil: expect.any(String),
    }),
  ])
  expect(link.url).toBe(`${api.url}/invitation#${link.code}`)
  expect((await api.call('POST', '/v1/people', { email: 'vera@example.org' })).json).toMatchObject({
    status: 409,
    code: 'PERSON_TAKEN',
  })
  const again = (await api.call('POST', '/v1/people/vera@example.org/link', {})).body as unknown as Invited['link']
  const browser = openBrowser(api.url)
  const use = (code: string) => browser.call('POST', '/v1/one-time-codes/use', { code, password, timeZone: 'Europe/Berlin' })
  expect((await use(link.code)).body).toMatchObject({ code: 'CODE_REFUSED' })
  expect((await use(again.code)).body).toMatchObject({ email: 'vera@example.org', timeZone: 'Europe/Berlin' })
  const reset = (await api.call('POST', '/v1/people/vera@example.org/link', {})).body
  expect(reset).toMatchObject({ purpose: 'reset', url: expect.stringContaining('/reset#') })
  expect((await browser.call('POST', '/v1/people', { email: 'x@example.org' })).status).toBe(403)
})

test('a role is given on a site or over all, taken away, and goes with its site', async () => {
  await invite('rolf@example.org', {})
  const grant = (body: object) => api.call('POST', '/v1/people/rolf@example.org/roles', body)
  expect((await grant({ site: 'shop', role: 'viewer' })).json).toMatchObject({ sites: [{ site: 'shop', role: 'viewer' }] })
  expect((await grant({ site: 'shop', role: 'admin' })).json).toMatchObject({ sites: [{ site: 'shop', role: 'admin' }] })
  expect((await grant({ site: null, role: 'operator' })).json).toMatchObject({ everywhere: 'operator' })
  expect((await grant({ site: 'shop', role: null })).json).toMatchObject({ everywhere: 'operator', sites: [] })
  expect((await grant({ site: 'none', role: 'viewer' })).json).toMatchObject({ code: 'SITE_NOT_FOUND' })
  expect((await grant({ site: 'shop', role: 'owner' })).json).toMatchObject({ code: 'INPUT_INVALID' })
  await api.db.insertInto('site').values({ name: 'gone', framework: 'wordpress' }).execute()
  await grant({ site: 'gone', role: 'admin' })
  await api.db.deleteFrom('site').where('name', '=', 'gone').execute()
  expect((await api.call('GET', '/v1/people/rolf@example.org')).json).toMatchObject({ sites: [] })
})

test('an admin acts for nobody above, and one owner is left', async () => {
  const admin = await invite('adam@example.org', { everywhere: 'admin' })
  for (const [method, path, body] of [
    ['POST', '/v1/people/o@example.org/link', {}],
    ['PATCH', '/v1/people/o@example.org', { email: 'mine@example.org' }],
    ['DELETE', '/v1/people/o@example.org', undefined],
    ['DELETE', '/v1/people/o@example.org/sessions', undefined],
    ['POST', '/v1/people/o@example.org/roles', { site: null, role: 'viewer' }],
    ['POST', '/v1/people/adam@example.org/roles', { site: null, role: 'owner' }],
    ['POST', '/v1/people', { email: 'new@example.org', everywhere: 'owner' }],
  ] as const) {
    expect((await api.call(method, path, body, admin)).json, `${method} ${path}`).toMatchObject({
      status: 403,
      code: 'NOT_ALLOWED',
    })
  }
  const { id } = (await api.call('GET', '/v1/tokens')).body['tokens'] as never as { id: string }
  expect((await api.call('DELETE', `/v1/tokens/${id}`, undefined, admin)).status).not.toBe(204)
  for (const [method, path, body] of [
    ['DELETE', '/v1/people/o@example.org', undefined],
    ['POST', '/v1/people/o@example.org/roles', { site: null, role: 'admin' }],
  ] as const) {
    expect((await api.call(method, path, body)).json, `${method} ${path}`).toMatchObject({ status: 409, code: 'OWNER_NEEDED' })
  }
  expect((await api.call('GET', '/v1/people/o@example.org')).json).toMatchObject({ everywhere: 'owner' })
})

test('who is deleted is out at once, with the tokens', async () => {
  const token = await invite('dora@example.org', { everywhere: 'admin' })
  expect((await api.call('GET', '/v1/sites', undefined, token)).status).toBe(200)
  expect((await api.call('DELETE', '/v1/people/dora@example.org')).status).toBe(204)
  expect((await api.call('GET', '/v1/sites', undefined, token)).status).toBe(401)
  expect((await api.call('GET', '/v1/people/dora@example.org')).json).toMatchObject({ code: 'PERSON_NOT_FOUND' })
})

test('a machine token is shown once, keeps to its limits, and ends by time and by hand', async () => {
  const make = (body: object, token: string = api.token) => api.call('POST', '/v1/tokens', body, token)
  const made = await make({ name: 'CI', sites: ['shop'], actions: ['backup.create', 'workflow.read'], expiresInDays: 1 })
  const secret = String(made.body['secret'])
  expect(secret).toMatch(/^cairn_[0-9A-Z]{26}_[\w-]{43}$/)
  const backup = (site: string) => api.call('POST', `/v1/sites/${site}/environments/dev/backups`, { elements: ['code'] }, secret)
  expect([(await backup('shop')).status, (await backup('other')).status]).toEqual([202, 403])
  for (const [method, path] of [
    ['POST', '/v1/tokens'],
    ['POST', '/v1/session/link'],
    ['POST', '/v1/account/password'],
    ['GET', '/v1/tokens'],
    ['GET', '/v1/people'],
    ['GET', '/v1/sites'],
  ] as const) {
    expect((await api.call(method, path, method === 'GET' ? undefined : {}, secret)).status, path).toBe(403)
  }
  const list = await api.call('GET', '/v1/tokens')
  expect(list.text).not.toContain(secret.slice(33))
  const { id } = made.body['token'] as { id: string }
  expect(list.body['tokens']).toContainEqual(
    expect.objectContaining({ id, sites: ['shop'], lastUsedAt: expect.any(String), lastAddress: '127.0.0.1' }),
  )
  await api.db
    .updateTable('machine_token')
    .set({ expires_at: new Date(Date.now() - 1) })
    .where('id', '=', id)
    .execute()
  expect((await backup('shop')).status).toBe(401)
  expect((await api.call('DELETE', `/v1/tokens/${id}`)).status).toBe(204)
  expect((await api.call('DELETE', `/v1/tokens/${id}`)).json).toMatchObject({ code: 'TOKEN_NOT_FOUND' })
})

test('a token that is limited to a site ends with it: one that is made anew under the name is another', async () => {
  const insert = () => api.db.insertInto('site').values({ name: 'again', framework: 'wordpress' }).execute()
  await insert()
  const made = await api.call('POST', '/v1/tokens', { name: 'both', sites: ['again', 'shop'] })
  const secret = String(made.body['secret'])
  const backup = async (site: string) =>
    (await api.call('POST', `/v1/sites/${site}/environments/dev/backups`, { elements: ['code'] }, secret)).status
  expect([await backup('again'), await backup('shop')]).toEqual([202, 202])
  for (const left of [['shop'], []]) {
    await api.db
      .deleteFrom('site')
      .where('name', '=', left.length === 1 ? 'again' : 'shop')
      .execute()
    await api.db
      .insertInto('site')
      .values({ name: left.length === 1 ? 'again' : 'shop', framework: 'wordpress' })
      .execute()
    expect([await backup('again'), await backup('shop')]).toEqual([403, left.length === 1 ? 202 : 403])
    const { tokens } = (await api.call('GET', '/v1/tokens')).body as { tokens: { name: string; sites: string[] }[] }
    expect(tokens.find(({ name }) => name === 'both')?.sites).toEqual(left)
  }
  expect((await api.call('POST', '/v1/tokens', { name: 'none', sites: ['nowhere'] })).json).toMatchObject({
    code: 'SITE_NOT_FOUND',
  })
  const viewer = await invite('sven@example.org', { sites: [{ site: 'shop', role: 'viewer' }] })
  const refusals = await Promise.all(
    ['other', 'nowhere'].map((site) => api.call('POST', '/v1/tokens', { name: 'x', sites: [site] }, viewer)),
  )
  expect(refusals.map(({ text }) => text.replaceAll(/other|nowhere|"instance":"[^"]*"/g, ''))).toEqual(
    Array<string>(2).fill(refusals[0]?.text.replaceAll(/other|nowhere|"instance":"[^"]*"/g, '') ?? ''),
  )
})

test('a reset leaves machine tokens as they are, unless they are to end; that of the server never does', async () => {
  const token = await invite('rosa@example.org', { everywhere: 'operator' })
  const works = async () => (await api.call('GET', '/v1/whoami', undefined, token)).status
  const reset = async (more: object) => {
    const { code } = (await api.call('POST', '/v1/people/rosa@example.org/link', {})).body as { code: string }
    const look = await openBrowser(api.url).call('POST', '/v1/one-time-codes/look', { code })
    const browser = openBrowser(api.url)
    const used = await browser.call('POST', '/v1/one-time-codes/use', { code, password, ...more })
    return { known: look.body['tokens'], status: used.status, browser }
  }
  expect(await reset({})).toMatchObject({ known: 1, status: 200 })
  expect(await works()).toBe(200)
  const { known, status, browser } = await reset({ revokeTokens: true })
  expect([known, status, await works()]).toEqual([1, 200, 401])
  const { secret } = (await browser.call('POST', '/v1/tokens', { name: 'new' })).body as { secret: string }
  const { personId } = (await browser.call('GET', '/v1/whoami')).body as { personId: string }
  const { token: ofServer } = await createToken(api.db, { personId, name: 'local user', ofServer: true })
  const change = { current: password, password: `${password} too`, revokeTokens: true }
  expect((await browser.call('POST', '/v1/account/password', change)).status).toBe(200)
  const asked = [secret, ofServer].map((one) => api.call('GET', '/v1/whoami', undefined, one))
  expect((await Promise.all(asked)).map((answer) => answer.status)).toEqual([401, 200])
})

test('who administers one site finds in the audit log how it began', async () => {
  const admin = await invite('sara@example.org', { sites: [{ site: 'shop', role: 'admin' }] })
  await api.call('POST', '/v1/sites', { site: 'shop', source: { kind: 'empty', framework: 'wordpress' } })
  await api.call('POST', '/v1/sites', { site: 'other', source: { kind: 'empty', framework: 'wordpress' } })
  const { rows } = (await api.call('GET', '/v1/audit?action=site.create', undefined, admin)).body as { rows: object[] }
  expect(rows).toMatchObject([{ action: 'site.create', site: 'shop', subject: 'shop' }])
})

test('tokens of others are an admin’s business, and nobody else is told of them', async () => {
  const viewer = await invite('vic@example.org', { everywhere: 'viewer' })
  const admin = await invite('ann@example.org', { everywhere: 'admin' })
  const id = viewer.split('_')[1] ?? ''
  const other = admin.split('_')[1] ?? ''
  expect((await api.call('GET', '/v1/tokens?all=true', undefined, viewer)).status).toBe(403)
  const seen = (await api.call('GET', '/v1/tokens?all=true', undefined, admin)).body['tokens'] as { id: string }[]
  expect(seen.map((token) => token.id)).toContain(id)
  expect((await api.call('DELETE', `/v1/tokens/${other}`, undefined, viewer)).json).toMatchObject({
    status: 404,
    code: 'TOKEN_NOT_FOUND',
  })
  const ofOwner = api.token.split('_')[1] ?? ''
  expect((await api.call('DELETE', `/v1/tokens/${ofOwner}`, undefined, admin)).json).toMatchObject({ status: 403 })
  expect((await api.call('DELETE', `/v1/tokens/${id}`, undefined, admin)).status).toBe(204)
  expect((await api.call('GET', '/v1/whoami', undefined, viewer)).status).toBe(401)
})

test('the audit log pages, filters, and shows an admin of one site the rows of that site', async () => {
  const admin = await invite('sam@example.org', { sites: [{ site: 'shop', role: 'admin' }] })
  for (const site of ['shop', 'other', 'shop']) {
    await api.call('POST', `/v1/sites/${site}/environments/dev/backups`, { elements: ['code'] })
  }
  const { id } = await storeBackup(api.repository, { files: { 'a.txt': Buffer.from('a') } })
  await api.call('PATCH', `/v1/backups/${id}`, { note: 'mine' }, admin)
  const read = async (query: string, token: string = api.token) =>
    (await api.call('GET', `/v1/audit${query}`, undefined, token)).body as {
      rows: Record<string, unknown>[]
      next: number | null
    }
  const edited = {
    action: 'backup.edit',
    site: 'shop',
    environment: 'dev',
    subject: `shop.dev ${id}`,
    result: 'done',
    address: '127.0.0.1',
  }
  expect((await read('?limit=1')).rows[0]).toMatchObject({
    ...edited,
    actor: { name: 'sam@example.org' },
    details: { note: 'mine' },
  })
  expect((await read('?action=backup.&actor=SAM@')).rows).toMatchObject([edited])
  expect((await read('?site=other&action=backup.create&result=done')).rows).toHaveLength(1)
  expect((await read('?action=backup.create&until=2001-01-01T00:00:00Z')).rows).toEqual([])
  expect((await read('?result=failed')).rows.every(({ result }) => result !== 'done')).toBe(true)
  const ofShop = await read('', admin)
  expect([ofShop.rows.length, ofShop.rows.every(({ site }) => site === 'shop')]).toEqual([expect.any(Number), true])
  expect((await read('?site=other', admin)).rows).toEqual([])
  const ids: unknown[] = []
  for (let page = await read('?limit=7'); ; page = await read(`?limit=7&before=${page.next}`)) {
    ids.push(...page.rows.map((row) => row['id']))
    if (page.next === null) break
  }
  const all = (await read('?limit=500')).rows.map((row) => row['id'])
  expect(ids.slice(0, all.length)).toEqual(all)
  expect(new Set(ids).size).toBe(ids.length)
})

test('whoami tells of each action whether it is allowed there, and why not', async () => {
  const token = await invite('otto@example.org', { sites: [{ site: 'shop', role: 'operator' }] })
  const { actions } = (await api.call('GET', '/v1/whoami/actions?site=shop&environment=live', undefined, token)).body as {
    actions: { action: string; allowed: boolean; reason: string | null }[]
  }
  expect(actions).toContainEqual({ action: 'backup.create', allowed: true, reason: null })
  expect(actions).toContainEqual({
    action: 'environment.restore',
    allowed: false,
    reason: 'This needs the role admin on shop.live, yours is operator',
  })
})
