// Every route with every role, and with the ids of another site. Generated from the description of the interface.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPerson } from '../access/people.ts'
import { createToken } from '../access/tokens.ts'
import { storeBackup } from '../backups/storeElement.suite.ts'
import { type Action, actionNames, actions, type Role, roles, type Rule, siteRoles } from '../contract/actions.ts'
import { atLeast } from '../contract/rights.ts'
import { describe as describeApi } from './openapi.ts'
import { startTestApi, type TestApi } from './testing.suite.ts'

let api: TestApi
let callers: Caller[]
const ids: Record<'shop' | 'other', Record<string, string>> = { shop: {}, other: {} }

interface Caller {
  name: string
  everywhere: Role | null
  onShop: Role | null
  token: string
}

beforeAll(async () => {
  api = await startTestApi()
  await api.db
    .insertInto('site')
    .values(['shop', 'other'].map((name) => ({ name, framework: 'wordpress' })))
    .execute()
  for (const site of ['shop', 'other'] as const) {
    const { id } = await storeBackup(api.repository, { files: { 'a.txt': Buffer.from(site) } }, { site, environmentId: site })
    const link = await api.call('POST', `/v1/backups/${id}/links`, { element: 'files' })
    const started = await api.call('POST', `/v1/sites/${site}/environments/dev/backups`, { elements: ['code'] })
    const { id: workflow } = started.body['workflow'] as { id: string }
    ids[site] = { backups: id, links: String(link.body['id']), workflows: workflow }
  }
  callers = [
    await makeCaller('nobody', null, null),
    ...(await Promise.all(roles.map((role) => makeCaller(`${role} over all`, role, null)))),
    ...(await Promise.all(siteRoles.map((role) => makeCaller(`${role} on shop`, null, role)))),
  ]
})
afterAll(() => api.stop())

test('every route asks for what its line in the table of rights says, of the site that it is about', async () => {
  const tried = new Set<string>()
  for (const { method, template, action } of operations()) {
    if (method === 'HEAD' && actions[action].on === 'open') continue // refuses a link without words
    for (const { site, environment, path, query } of places(template)) {
      const found = await Promise.all(callers.map((caller) => ask(caller, method, `${path}${query}`)))
      const wanted = callers.map((caller) => (isAllowed(caller, action, site, environment) ? 'passes' : 'NOT_ALLOWED'))
      const named = (results: string[]) => results.map((result, n) => `${callers[n]?.name}: ${result}`)
      expect(named(found), `${method} ${path}`).toEqual(named(wanted))
      tried.add(action)
    }
  }
  const elsewhere = ['code.fetch', 'code.push', 'dashboard.load'] // hidden from the description, tried below and by their own tests
  const partOfOthers = ['environment.preview', 'backup.use']
  expect([...tried, ...elsewhere, ...partOfOthers].toSorted()).toEqual(actionNames.toSorted())
})

test('git asks for the same', async () => {
  for (const [service, role] of [
    ['upload', 'operator'],
    ['receive', 'developer'],
  ] as const) {
    for (const caller of callers) {
      for (const site of ['shop', 'other']) {
        const authorization = `Basic ${Buffer.from(`x:${caller.token}`).toString('base64')}`
        const path = `/git/${site}.git/info/refs?service=git-${service}-pack`
        const answer = await fetch(`${api.url}${path}`, { headers: { authorization } })
        const held = site === 'shop' ? caller.onShop : null
        const allowed = reaches(caller.everywhere, role) || reaches(held, role)
        // there is no repository in this test: who gets so far is refused without a reason that names a role
        expect([answer.status, (await answer.text()).includes('needs the role')], `${caller.name} ${path}`).toEqual([
          403,
          !allowed,
        ])
      }
    }
  }
})

test('what belongs to another site is refused in the words of what is not there', async () => {
  const admin = callers.find(({ name }) => name === 'admin on shop')
  for (const kind of ['backups', 'workflows'] as const) {
    const other = ids.other[kind] ?? ''
    const missing = other.replace(/..$/, 'ZZ')
    const words = await Promise.all(
      [other, missing].map(async (id) => (await api.call('GET', `/v1/${kind}/${id}`, undefined, admin?.token ?? null)).text),
    )
    expect(words[0]?.replaceAll(other, 'ID')).toBe(words[1]?.replaceAll(missing, 'ID'))
    expect(words[0]).toContain('NOT_ALLOWED')
    expect(words[0]).not.toContain('other')
  }
})

test('lists show the sites that one sees, and their workflows, alone', async () => {
  const viewer = callers.find(({ name }) => name === 'viewer on shop')?.token ?? ''
  expect((await api.call('GET', '/v1/sites', undefined, viewer)).json).toMatchObject({ sites: [{ name: 'shop' }] })
  const roles = [{ site: 'other', role: 'admin' as const }]
  const { id } = await createPerson(api.db, { email: 'elsewhere@example.org', name: 'E', roles })
  const { token } = await createToken(api.db, { personId: id, name: 'test' })
  expect((await api.call('GET', '/v1/sites', undefined, token)).json).toEqual({ sites: [] }) // of this test there is shop alone
  const { workflows } = (await api.call('GET', '/v1/workflows?limit=1000', undefined, viewer)).body as {
    workflows: { site: string }[]
  }
  expect(new Set(workflows.map(({ site }) => site))).toEqual(new Set(['shop']))
  expect((await api.call('GET', '/v1/workflows?site=other', undefined, viewer)).json).toEqual({ workflows: [] })
  const all = (await api.call('GET', '/v1/workflows?site=other')).body['workflows'] as object[]
  expect(all.length).toBeGreaterThan(0)
})

test('a backup that ends sooner takes the right to delete it, a workflow that is cancelled the right to start it', async () => {
  const token = (name: string): string => callers.find((caller) => caller.name === name)?.token ?? ''
  const { id } = await storeBackup(api.repository, { files: { 'b.txt': Buffer.from('b') } })
  const change = async (who: string, body: object): Promise<number> =>
    (await api.call('PATCH', `/v1/backups/${id}`, body, token(who))).status
  const operator = 'operator on shop'
  expect(await change(operator, { note: 'n', locked: true })).toBe(200)
  expect([await change(operator, { locked: false }), await change(operator, { keepForDays: 5 })]).toEqual([403, 403])
  expect([await change('admin on shop', { locked: false, keepForDays: 5 }), await change(operator, { keepForDays: 9 })]).toEqual([
    200, 200,
  ])
  const start = async (path: string, body: object): Promise<string> =>
    ((await api.call('POST', `/v1/sites/shop/environments/dev/${path}`, body)).body['workflow'] as { id: string }).id
  const cancel = async (workflow: string): Promise<number> =>
    (await api.call('POST', `/v1/workflows/${workflow}/cancel`, {}, token(operator))).status
  expect(await cancel(await start('backups', { elements: ['code'] }))).toBe(200)
  expect(await cancel(await start('undo', {}))).toBe(403)
})

async function makeCaller(name: string, everywhere: Role | null, onShop: Role | null): Promise<Caller> {
  const wanted = [
    { site: null, role: everywhere },
    { site: 'shop', role: onShop },
  ]
  const email = `${name.replaceAll(' ', '-')}@example.org`
  const person = await createPerson(api.db, { email, name, roles: wanted.filter(({ role }) => role !== null) })
  const { token } = await createToken(api.db, { personId: person.id, name: 'test' })
  return { name, everywhere, onShop, token }
}

/** Each address and method of the description, with its line in the table. */
function operations(): { method: string; template: string; action: Action }[] {
  const { paths } = describeApi(api.app) as { paths: Record<string, Record<string, { 'x-action'?: Action }>> }
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { 'x-action': action }]) => {
      if (action === undefined || !(action in actions))
        throw new Error(`${method} ${template} has no line in the table of rights`)
      return { method: method.toUpperCase(), template, action }
    }),
  )
}

interface Tried {
  site: 'shop' | 'other' | null
  environment: string | null
  path: string
  query: string
}

/** An address about shop and about the other site, about dev and about live, as far as its parts go. */
function places(template: string): Tried[] {
  const query = template.endsWith('/wait') ? '?seconds=0' : ''
  if (!/\{(site|id)\}/.test(template)) return [{ site: null, environment: null, path: fill(template, 'shop', 'dev'), query }]
  const environments = template.includes('{environment}') ? ['dev', 'live'] : [null]
  return (['shop', 'other'] as const).flatMap((site) =>
    environments.map((environment) => {
      const path = fill(template, site, environment ?? 'dev')
      const held = /^\/v1\/(backups|links|workflows)\//.test(template) ? 'dev' : environment
      return { site, environment: held, path, query }
    }),
  )
}

function fill(template: string, site: 'shop' | 'other', environment: string): string {
  const kind = template.split('/')[2] ?? ''
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const known: Record<string, string> = {
      site,
      environment,
      id: ids[site][kind] ?? 'X',
      person: 'x@example.org',
      token: 'x',
      fileName: 'x',
    }
    const value = known[name]
    if (value === undefined) throw new Error(`${template}: this test does not know what to put for {${name}}`)
    return value
  })
}

/** Bodies are left out: the guard comes before they are looked at, and nothing is done for lack of one. */
async function ask({ token }: Caller, method: string, path: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` }
  if (path === '/v1/events') return askStream(`${api.url}${path}`, headers)
  const answer = await api.app.inject({ method: method as 'GET', url: path, headers })
  if (method === 'HEAD') return answer.statusCode === 403 ? 'NOT_ALLOWED' : 'passes'
  return answer.statusCode === 403 && answer.body.includes('"NOT_ALLOWED"') ? 'NOT_ALLOWED' : 'passes'
}

/** Events go on for ever. */
async function askStream(url: string, headers: Record<string, string>): Promise<string> {
  const gone = new AbortController()
  const { status } = await fetch(url, { headers, signal: gone.signal })
  gone.abort()
  return status === 403 ? 'NOT_ALLOWED' : 'passes'
}

/** Said once more in other words than those of rights.ts. */
function isAllowed(
  { everywhere, onShop }: Caller,
  action: Action,
  site: 'shop' | 'other' | null,
  environment: string | null,
): boolean {
  const rule: Rule = actions[action]
  switch (rule.on) {
    case 'open':
    case 'self':
      return true
    case 'installation':
      return reaches(everywhere, rule.role)
    case 'somewhere':
      return reaches(everywhere, rule.role) || reaches(onShop, rule.role)
    case 'site': {
      const needed = environment === 'live' ? (rule.live ?? rule.role) : rule.role
      return reaches(everywhere, needed) || (site === 'shop' && reaches(onShop, needed))
    }
  }
}

function reaches(has: Role | null, needed: Role): boolean {
  return atLeast(has, needed)
}
