import { afterAll, beforeAll, expect, test } from 'vitest'
import { isSetUpNeeded, makeSetUpCode } from '../access/accounts.ts'
import { searchAudit } from '../access/audit.ts'
import { makeCode } from '../access/oneTimeCodes.ts'
import { createPerson, findPerson } from '../access/people.ts'
import { openThrottle } from '../access/throttle.ts'
import { type Browser, openBrowser } from './browser.suite.ts'
import { startTestApi, type TestApi } from './testing.suite.ts'

let api: TestApi
let owner: Browser
const waits: number[] = []
const password = 'a long enough password'
const login = { email: 'o@example.org', password }

beforeAll(async () => {
  api = await startTestApi({ throttle: openThrottle(async (milliseconds) => void waits.push(milliseconds)) })
  await api.db.insertInto('site').values({ name: 'shop', framework: 'wordpress' }).execute()
  owner = openBrowser(api.url)
})
afterAll(() => api.stop())

const me = async (browser: Browser): Promise<unknown> => (await browser.call('GET', '/v1/session')).body['me']

/** A person with a password, and a browser that is logged in. */
async function join(email: string, role: 'viewer' | 'admin' | null = null): Promise<Browser> {
  const roles = role === null ? [] : [{ site: null, role }]
  const { id } = await createPerson(api.db, { email, name: email, roles })
  const { code } = await makeCode(api.db, 'invitation', id)
  const browser = openBrowser(api.url)
  expect((await browser.call('POST', '/v1/one-time-codes/use', { code, password })).status).toBe(200)
  return browser
}

test('the first account is made with the code of the server, once; a refused password leaves the code good', async () => {
  expect((await owner.call('GET', '/v1/session')).body).toEqual({ me: null, setUpNeeded: true })
  const code = (await makeSetUpCode(api.db))?.code ?? ''
  expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ')}`
  expect((await owner.call('POST', '/v1/one-time-codes/look', { code: typed })).body).toMatchObject({ purpose: 'setup' })
  const use = (chosen: object) =>
    owner.call('POST', '/v1/one-time-codes/use', { code: typed, email: 'O@Example.org', name: 'Olga', ...chosen })
  expect((await use({ password: 'elevenchars' })).body).toMatchObject({ status: 422, code: 'PASSWORD_REFUSED' })
  expect((await use({})).body).toMatchObject({ code: 'INPUT_INVALID' })
  const done = await use({ password })
  expect(done.body).toMatchObject({ kind: 'person', email: 'o@example.org', name: 'Olga', rights: { everywhere: 'owner' } })
  expect(owner.set[0]).toMatch(/^cairn_session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
  expect((await owner.call('GET', '/v1/session')).body).toMatchObject({ me: { email: 'o@example.org' }, setUpNeeded: false })
  expect((await use({ password })).body).toMatchObject({ status: 403, code: 'CODE_REFUSED' })
  expect([await isSetUpNeeded(api.db), await makeSetUpCode(api.db)]).toEqual([false, null])
  expect((await api.call('GET', '/v1/whoami')).json).toMatchObject({ kind: 'token', email: 'o@example.org', personName: 'Olga' })
})

test('who logs in gets a session in a new cookie, whose secret and password are stored nowhere', async () => {
  const before = owner.cookies.get('cairn_session') ?? ''
  const answer = await owner.call('POST', '/v1/session', { ...login, email: ' O@EXAMPLE.org' })
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  const after = owner.cookies.get('cairn_session') ?? ''
  expect(after).not.toBe(before)
  const old = openBrowser(api.url)
  old.cookies.set('cairn_session', before)
  expect([await me(old), await me(owner)]).toEqual([null, expect.objectContaining({ hasPassword: true })])
  const stored = JSON.stringify([
    await api.db.selectFrom('session').selectAll().execute(),
    await api.db.selectFrom('person').selectAll().execute(),
    await searchAudit(api.db, { limit: 1000 }, null),
  ])
  for (const secret of [after.split('.')[1] ?? '', Buffer.from(after.split('.')[1] ?? '').toString('base64'), password])
    expect(stored).not.toContain(secret)
  expect(stored).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
})

test('a wrong password and an unknown account are refused in the same words, each with a row', async () => {
  const browser = openBrowser(api.url)
  const wrong = await browser.call('POST', '/v1/session', { ...login, password: 'not the password' })
  const unknown = await browser.call('POST', '/v1/session', { email: 'nobody@example.org', password })
  expect([wrong.status, wrong.text]).toEqual([401, unknown.text])
  expect(browser.cookies.size).toBe(0)
  const [last] = await searchAudit(api.db, { limit: 1 }, null)
  expect(last).toMatchObject({
    action: 'session.create',
    subject: 'nobody@example.org',
    result: 'LOGIN_REFUSED',
    actor: { kind: 'system' },
  })
})

test('nobody locks an account: from elsewhere the right password gets in after a wait, from a known browser at once', async () => {
  const guesser = openBrowser(api.url)
  for (let n = 0; n < 12; n++) await guesser.call('POST', '/v1/session', { ...login, password: `guess number ${n}` })
  expect(waits.at(-1)).toBe(15_000)
  waits.length = 0
  const stranger = openBrowser(api.url)
  expect((await owner.call('POST', '/v1/session', login)).status).toBe(200)
  expect(waits).toEqual([]) // it was logged in here before
  const forger = openBrowser(api.url)
  forger.cookies.set('cairn_device', `${'A'.repeat(16)}.${'A'.repeat(43)}`)
  expect((await forger.call('POST', '/v1/session', login)).status).toBe(200)
  expect((await stranger.call('POST', '/v1/session', login)).status).toBe(200)
  expect(waits).toEqual([15_000, 15_000])
})

test('what a page of another address makes the browser send is refused, unless it only looks', async () => {
  const evil = 'https://evil.example'
  const rename = (headers: Record<string, string>) => owner.call('PATCH', '/v1/account', { name: 'Changed' }, headers)
  for (const headers of [
    { origin: evil },
    { origin: 'null' },
    {} as Record<string, string>,
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: api.url },
    { 'sec-fetch-site': 'none' },
    { origin: `${api.url}.evil.example` },
    { origin: api.url.replace('http:', 'https:') },
  ]) {
    expect((await rename(headers)).body, JSON.stringify(headers)).toMatchObject({ status: 403, code: 'ORIGIN_REFUSED' })
  }
  expect(await me(owner)).toMatchObject({ name: 'Olga' })
  expect(
    (await owner.call('GET', '/v1/whoami', undefined, { origin: evil })).headers.get('access-control-allow-origin'),
  ).toBeNull()
  expect((await openBrowser(api.url).call('POST', '/v1/session', login, { origin: evil })).status).toBe(403)
  expect([(await rename({ origin: api.url })).status, (await rename({ 'sec-fetch-site': 'same-origin' })).status]).toEqual([
    200, 200,
  ])
  const bearer = { authorization: `Bearer ${api.token}`, origin: evil }
  expect((await openBrowser(api.url).call('PATCH', '/v1/account', { name: 'Olga' }, bearer)).status).toBe(200)
})

test('with https the cookies are for https alone, and no neighbour can have set them', async () => {
  const secure = await api.beside({ publicUrl: () => 'https://backups.example.org' })
  const browser = openBrowser(secure.url)
  const headers = { origin: 'https://backups.example.org' }
  expect((await browser.call('POST', '/v1/session', login, headers)).status).toBe(200)
  expect(browser.set.map((line) => line.replace(/=[^;]*/, ''))).toEqual([
    expect.stringMatching(/^__Host-cairn_device; .*HttpOnly; Secure; SameSite=Lax$/),
    expect.stringMatching(/^__Host-cairn_session; .*HttpOnly; Secure; SameSite=Lax$/),
  ])
  expect((await browser.call('GET', '/v1/session')).body['me']).not.toBeNull()
  const plain = openBrowser(secure.url)
  plain.cookies.set('cairn_session', browser.cookies.get('__Host-cairn_session') ?? '')
  expect((await plain.call('GET', '/v1/session')).body['me']).toBeNull()
  await secure.stop()
})

test('sessions end unused, by age, by hand, and all at once', async () => {
  const idle = await api.beside({ limits: { sessions: { idleMs: 0, lifeMs: 60_000 } } })
  const old = await api.beside({ limits: { sessions: { idleMs: 60_000, lifeMs: 0 } } })
  for (const server of [idle, old]) {
    const browser = openBrowser(server.url)
    expect((await browser.call('POST', '/v1/session', login)).status).toBe(200)
    browser.cookies.set('cairn_session', /=([^;]+)/.exec(browser.set[1] ?? '')?.[1] ?? '') // one that forgot the expiry
    expect((await browser.call('GET', '/v1/whoami')).status).toBe(401)
    await server.stop()
  }
  const second = openBrowser(api.url)
  await second.call('POST', '/v1/session', login)
  const { sessions } = (await owner.call('GET', '/v1/sessions')).body as {
    sessions: { id: string; current: boolean; client: string }[]
  }
  const mine = sessions.filter(({ current }) => current)
  expect([mine.length, sessions.length > 1, sessions[0]?.client]).toEqual([1, true, 'A browser'])
  const other = second.cookies.get('cairn_session')?.split('.')[0] ?? ''
  expect((await owner.call('DELETE', `/v1/sessions/${other}`)).status).toBe(204)
  expect((await owner.call('DELETE', `/v1/sessions/${other}`)).body).toMatchObject({ code: 'SESSION_NOT_FOUND' })
  expect([await me(second), await me(owner)]).toEqual([null, expect.anything()])
  await second.call('POST', '/v1/session', login)
  expect((await second.call('DELETE', '/v1/session')).status).toBe(204)
  expect([second.cookies.has('cairn_session'), await me(owner)]).toEqual([false, expect.anything()])
  expect((await owner.call('DELETE', '/v1/sessions')).body['ended']).toBeGreaterThan(0)
  expect(await me(owner)).toBeNull()
  await owner.call('POST', '/v1/session', login)
})

test('a change of rights gives the next request a new secret; the old one soon ends', async () => {
  const browser = await join('rita@example.org', 'viewer')
  const before = browser.cookies.get('cairn_session') ?? ''
  await owner.call('POST', '/v1/people/rita@example.org/roles', { site: 'shop', role: 'developer' })
  expect(await me(browser)).toMatchObject({ rights: { everywhere: 'viewer', sites: [{ site: 'shop', role: 'developer' }] } })
  const after = browser.cookies.get('cairn_session') ?? ''
  expect([after.split('.')[0], after === before]).toEqual([before.split('.')[0], false])
  const late = openBrowser(api.url)
  late.cookies.set('cairn_session', before)
  expect(await me(late)).not.toBeNull() // it was under way
  const passed = { previous_until: new Date(Date.now() - 1) }
  await api.db
    .updateTable('session')
    .set(passed)
    .where('id', '=', before.split('.')[0] ?? '')
    .execute()
  expect([await me(late), await me(browser)]).toEqual([null, expect.anything()])
})

test('a new password takes the current one, and ends the other sessions and the links', async () => {
  const browser = await join('paul@example.org')
  const other = openBrowser(api.url)
  const mine = { email: 'paul@example.org', password }
  await other.call('POST', '/v1/session', mine)
  const { code } = await makeCode(api.db, 'reset', (await findPerson(api.db, 'paul@example.org')).id)
  const change = (current: string, next: string) => browser.call('POST', '/v1/account/password', { current, password: next })
  expect((await change('wrong', 'another long password')).body).toMatchObject({ status: 401, code: 'LOGIN_REFUSED' })
  expect((await change(password, 'short')).body).toMatchObject({ code: 'PASSWORD_REFUSED' })
  expect((await change(password, 'another long password')).status).toBe(200)
  expect([await me(other), await me(browser)]).toEqual([null, expect.anything()])
  expect((await other.call('POST', '/v1/one-time-codes/look', { code })).body).toMatchObject({ code: 'CODE_REFUSED' })
  expect((await other.call('POST', '/v1/session', mine)).status).toBe(401)
  expect((await other.call('POST', '/v1/session', { ...mine, password: 'another long password' })).status).toBe(200)
})

test('a link logs its maker in, once', async () => {
  const link = await api.call('POST', '/v1/session/link', {})
  expect(link.json).toMatchObject({ purpose: 'login', url: expect.stringContaining('/login-link#') })
  const browser = openBrowser(api.url)
  const code = String(link.body['code'])
  const both = await Promise.all([1, 2].map(() => browser.call('POST', '/v1/one-time-codes/use', { code })))
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 403])
  expect((await browser.call('POST', '/v1/one-time-codes/look', { code })).body).toMatchObject({ code: 'CODE_REFUSED' })
  expect(await me(browser)).toMatchObject({ email: 'o@example.org', session: { idleSeconds: 12 * 3600 } })
})

test('answers may not be framed, and load nothing from anywhere', async () => {
  const { headers } = await owner.call('GET', '/v1/session')
  expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})
