import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestState, type TestState } from '../state/testing.ts'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import { guardCredentials } from './credentials.ts'
import type { ReleaseFacts } from './environment.ts'
import { parseEnvironmentName, parseSiteName } from './names.ts'

const uidBase = 32_000_000
const isRoot = process.geteuid?.() === 0
let state: TestState
let catalogue: Catalogue
beforeAll(async () => {
  state = await startTestState()
  catalogue = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)), uidBase })
})
afterAll(() => state.stop())

const add = (site: string, name: string) =>
  catalogue.addManaged({
    site: parseSiteName(site),
    name: parseEnvironmentName(name),
    directory: `/data/sites/${site}/${name}`,
    url: `http://${name}-${site}.localhost:7071`,
  })

const release: ReleaseFacts = {
  framework: 'wordpress_network',
  version: '6.5.5',
  codeRoot: '/data/sites/shop/dev/releases/000001/code',
  docroot: '/data/sites/shop/dev/releases/000001/code/web',
  coreDirectory: '/data/sites/shop/dev/releases/000001/code/web',
  contentDirectory: '/data/sites/shop/dev/releases/000001/code/web/wp-content',
  filesDirectory: '/data/sites/shop/dev/files/abc',
  furtherFiles: [],
  database: guardCredentials({
    host: '127.0.0.1',
    port: 3307,
    socket: null,
    user: 'r_1',
    password: 'of-the-release',
    database: 'c_1',
  }),
  tablePrefix: 'wp_',
  configFiles: [],
  release: 1,
  schema: 'c_1',
  commit: 'a'.repeat(40),
  derived: ['web/wp-content/uploads'],
}

test('a managed environment has no release at first, and then the facts of its current one', async () => {
  const site = await catalogue.createSite({ name: 'shop', label: 'The Shop', framework: 'wordpress' })
  expect(site).toMatchObject({ name: 'shop', label: 'The Shop', environments: [] })
  const added = await add('shop', 'dev')
  expect(added).toMatchObject({ kind: 'managed', framework: 'wordpress', managed: { release: 0, commit: null } })
  expect(await catalogue.find('shop', 'dev')).toEqual(added)
  const updated = await catalogue.updateRelease(added.id, release)
  const { release: number, schema, commit, derived, ...facts } = release
  expect(updated).toEqual({ ...added, ...facts, managed: { ...added.managed, release: number, schema, commit, derived } })
  expect(await catalogue.findById(added.id)).toEqual(updated)
  expect((await catalogue.findById(added.id)).database.password).toBe('of-the-release')
  expect((await catalogue.setUrl(added.id, 'https://shop.example')).url).toBe('https://shop.example')
  const rows = await state.db.selectFrom('environment').selectAll().execute()
  expect(rows.map((row) => JSON.stringify(row)).join()).not.toContain('of-the-release')
})

test('what a new site turns out to be is known to its environments without a release', async () => {
  await catalogue.createSite({ name: 'unread', framework: 'wordpress' })
  const [dev, onTest] = [await add('unread', 'dev'), await add('unread', 'test')]
  await catalogue.updateRelease(dev.id, { ...release, framework: 'drupal7' })
  expect(await catalogue.findSite('unread')).toMatchObject({ framework: 'drupal7' })
  expect(await catalogue.findById(onTest.id)).toEqual({ ...onTest, framework: 'drupal7' })
  await catalogue.updateRelease(onTest.id, { ...release, framework: 'drupal7' })
  expect(await catalogue.findById(dev.id)).toMatchObject({ framework: 'drupal7', managed: { release: 1 } })
})

test('a name is taken once, for sites and for environments; labels come and go', async () => {
  await expect(catalogue.createSite({ name: 'shop', framework: 'drupal8' })).rejects.toMatchObject({ code: 'SITE_TAKEN' })
  await expect(catalogue.createSite({ name: 'Shop!', framework: 'drupal8' })).rejects.toMatchObject({ code: 'SITE_NAME_INVALID' })
  await expect(add('shop', 'dev')).rejects.toMatchObject({
    code: 'SITE_TAKEN',
    message: expect.stringContaining('Cannot create "shop.dev"'),
  })
  await expect(add('nosite', 'dev')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
  await catalogue.labelSite('shop', null)
  expect((await catalogue.findSite('shop')).label).toBe(null)
  await expect(catalogue.labelSite('nosite', 'x')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
})

test('no two managed environments are visited at one host, also when both ask at once', async () => {
  await catalogue.createSite({ name: 'visited', framework: 'wordpress' })
  const [one, two] = [await add('visited', 'one'), await add('visited', 'two')]
  const ask = async (ids: string[]) =>
    Promise.allSettled(
      ids.map((id, index) =>
        catalogue.setUrl(id, ['http://www.visited.example:8080', 'https://www.visited.example.'][index] ?? ''),
      ),
    )
  const both = await ask([one.id, two.id])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const [first, second] = both[0]?.status === 'fulfilled' ? [one, two] : [two, one]
  await expect(catalogue.setUrl(second.id, 'http://www.visited.example')).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: `Cannot visit "visited.${second.name}" at "http://www.visited.example": "visited.${first.name}" is visited there`,
  })
  expect((await catalogue.findById(second.id)).url).toBe(second.url)
  await catalogue.updateRelease(second.id, release)
  await catalogue.setUrl(first.id, 'https://elsewhere.example')
  expect((await catalogue.setUrl(second.id, 'http://www.visited.example')).url).toBe('http://www.visited.example')
})

test.runIf(isRoot)('a uid is handed out once and never again, also to many at a time', async () => {
  await catalogue.createSite({ name: 'many', framework: 'backdrop' })
  const first = await Promise.all(['dev', 'test', 'live', 'one', 'two'].map((name) => add('many', name)))
  const numbers = first.map(({ managed }) => managed?.uid ?? 0)
  expect(new Set(numbers).size).toBe(5)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(uidBase)
  expect(first.every(({ managed }) => managed?.gid === managed?.uid)).toBe(true)
  await catalogue.remove('many', 'two')
  await catalogue.remove('many', 'one')
  const again = await add('many', 'one')
  expect(again.managed?.uid).toBeGreaterThan(Math.max(...numbers))
})

test('a site without environments is removed, another one stays', async () => {
  await catalogue.createSite({ name: 'empty', framework: 'drupal7' })
  await catalogue.removeEmptySite('empty')
  await expect(catalogue.findSite('empty')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
  await catalogue.removeEmptySite('shop')
  expect((await catalogue.findSite('shop')).environments).toEqual(['dev'])
})
