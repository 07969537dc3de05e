// People on a real server: the code that it prints, links that it makes, and what outlives a restart.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../../src/api/browser.suite.ts'
import { type House, startHouse } from './house.ts'

let directory: string
let house: House
const password = 'a long enough password'

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-people-'))
  chmodSync(directory, 0o711) // PostgreSQL runs as somebody else
  house = await startHouse({ directory, env: { CAIRN_SESSION_IDLE_HOURS: '3' } })
})
afterAll(async () => {
  await house.stop()
  rmSync(directory, { recursive: true })
})

const setUpCodes = (): string[] => [...house.log().matchAll(/\/setup#([0-9A-Z-]{19})/g)].map(([, code = '']) => code)

test('each start prints a code for the first account, of which the last one is good; then none', async () => {
  await house.stop()
  await house.start()
  const [first = '', second = ''] = setUpCodes()
  const browser = openBrowser(house.url)
  const use = (code: string) =>
    browser.call('POST', '/v1/one-time-codes/use', { code, email: 'olga@example.org', name: 'Olga', password })
  expect((await use(first)).body).toMatchObject({ code: 'CODE_REFUSED' })
  expect((await use(second)).body).toMatchObject({ email: 'olga@example.org', session: { idleSeconds: 3 * 3600 } })
  await house.stop()
  await house.start()
  expect(setUpCodes()).toHaveLength(2)
  expect((await browser.call('GET', '/v1/session')).body).toMatchObject({ me: { name: 'Olga' }, setUpNeeded: false })
  const who = await house.cairn('auth:whoami', '--field=email')
  expect([who.code, who.stdout]).toEqual([0, 'olga@example.org\n']) // the token of the data directory is hers
})

test('a login link, an invitation, a role, a token, and the rows that they leave', async () => {
  const link = (await house.cairn('auth:login-link')).stdout.trim()
  const browser = openBrowser(house.url)
  const code = new URL(link).hash.slice(1)
  expect([
    link.startsWith(`${house.url}/login-link#`),
    (await browser.call('POST', '/v1/one-time-codes/use', { code })).status,
  ]).toEqual([true, 200])

  const invitation = (await house.cairn('person:invite', 'vera@example.org', '--role=viewer')).stdout.trim()
  const hers = openBrowser(house.url)
  const taken = { code: new URL(invitation).hash.slice(1), password, name: 'Vera' }
  expect((await hers.call('POST', '/v1/one-time-codes/use', taken)).status).toBe(200)
  expect((await hers.call('POST', '/v1/detect', { path: '/' })).body).toMatchObject({ code: 'NOT_ALLOWED' })
  expect((await house.cairn('role:grant', 'vera@example.org', 'admin')).code).toBe(0)
  expect((await hers.call('POST', '/v1/detect', { path: directory })).body).not.toMatchObject({ code: 'NOT_ALLOWED' })
  expect((await house.cairn('role:grant', 'olga@example.org', 'viewer')).stderr).toContain('OWNER_NEEDED')

  const token = (await house.cairn('machine-token:create', 'CI', '--action=site.list', '--expires=1')).stdout.trim()
  const asToken = async (path: string): Promise<number> =>
    (await fetch(`${house.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status
  expect([await asToken('/v1/sites'), await asToken('/v1/people')]).toEqual([200, 403])

  const audit = await house.cairn('audit:list', '--limit=500', '--fields=action,result,who', '--json')
  const rows = audit.json<{ action: string; result: string; who: string }[]>()
  for (const action of ['session.link', 'session.use_code', 'person.create', 'role.grant', 'token.create']) {
    expect(rows, action).toContainEqual(expect.objectContaining({ action, result: 'done' }))
  }
  expect(rows).toContainEqual({ action: 'person.list', result: 'NOT_ALLOWED', who: 'olga@example.org' })
  expect((await house.cairn('person:delete', 'vera@example.org', '--yes')).code).toBe(0)
  expect((await hers.call('GET', '/v1/whoami')).status).toBe(401)
})

test('an owner that is deleted takes the token of the server along; the next start writes one for another owner', async () => {
  await house.cairn('person:invite', 'otto@example.org', '--role=owner')
  await house.cairn('person:delete', 'olga@example.org', '--yes')
  expect((await house.cairn('auth:whoami')).code).toBe(5)
  await house.stop()
  await house.start()
  expect((await house.cairn('auth:whoami', '--field=email')).stdout).toBe('otto@example.org\n')
})
