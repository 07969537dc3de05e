import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestState, type TestState } from '../state/testing.ts'
import { type Catalogue, type NewEnvironment, openCatalogue } from './catalogue.ts'
import { parseEnvironmentName, parseSiteName } from './names.ts'

let state: TestState
let catalogue: Catalogue
beforeAll(async () => {
  state = await startTestState()
  catalogue = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)) })
})
afterAll(() => state.stop())

function environment(site: string, name: string, more: Partial<NewEnvironment> = {}): NewEnvironment {
  return {
    site: parseSiteName(site),
    name: parseEnvironmentName(name),
    framework: 'wordpress',
    version: '6.5.5',
    url: 'https://x.example',
    codeRoot: '/srv/x',
    docroot: '/srv/x',
    coreDirectory: '/srv/x',
    contentDirectory: '/srv/x/wp-content',
    filesDirectory: '/srv/x/wp-content/uploads',
    furtherFiles: [{ at: 'blogs.dir', directory: '/srv/x/wp-content/blogs.dir' }],
    tablePrefix: 'wp_',
    configFiles: ['/srv/wp-config.php'],
    configAbove: '/srv/wp-config.php',
    database: { host: null, port: 3307, socket: null, user: 'wp', password: 's3cret-one', database: 'shop', charset: 'utf8mb4' },
    adminDatabase: { user: 'root', password: 's3cret-two' },
    phpReload: ['systemctl', 'reload', 'php8.2-fpm'],
    ...more,
  }
}

test('attach() and find() give the same environment, passwords included', async () => {
  const attached = await catalogue.attach(environment('shop', 'live'))
  expect(await catalogue.find('shop', 'live')).toEqual(attached)
  expect(await catalogue.findById(attached.id)).toEqual(attached)
  expect((await catalogue.find('shop', 'live')).database.password).toBe('s3cret-one')
})

test('attached again it keeps its identity and takes what is known now; what is not attached is refused', async () => {
  const before = await catalogue.attach(environment('wanders', 'live'))
  const moved = { codeRoot: '/srv/new', database: { ...before.database, password: 's3cret-new' } }
  const after = await catalogue.attach({ ...environment('wanders', 'live', moved), again: true })
  expect(after).toEqual({ ...before, ...moved })
  expect(await catalogue.find('wanders', 'live')).toEqual(after)
  const missing = catalogue.attach({ ...environment('wanders', 'dev'), again: true })
  await expect(missing).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' })
  await expect(catalogue.attach(environment('wanders', 'live'))).rejects.toMatchObject({ code: 'SITE_TAKEN' })
})

test('no password stands in the state database', async () => {
  await catalogue.attach(environment('sealed', 'live'))
  const rows = await state.db.selectFrom('environment').selectAll().execute()
  const text = rows.map((row) => `${JSON.stringify(row)} ${row.secrets?.toString('latin1') ?? ''}`).join()
  expect(text).toContain('shop')
  expect(text).not.toContain('s3cret')
})

test('sealed passwords open only with their key and in their row', async () => {
  const other = openCatalogue({ db: state.db, key: createSecretKey(randomBytes(32)) })
  await expect(other.find('sealed', 'live')).rejects.toMatchObject({ code: 'REPOSITORY_KEY' })
  await catalogue.attach(environment('moved', 'live'))
  const { secrets } = await state.db
    .selectFrom('environment')
    .select('secrets')
    .where('site', '=', 'sealed')
    .executeTakeFirstOrThrow()
  await state.db.updateTable('environment').set({ secrets }).where('site', '=', 'moved').execute()
  await expect(catalogue.find('moved', 'live')).rejects.toMatchObject({ code: 'REPOSITORY_KEY' })
  await state.db.deleteFrom('environment').where('site', '=', 'moved').execute()
})

test('a site has several environments, listed dev, test, live first', async () => {
  for (const name of ['pr1', 'live', 'dev', 'test']) await catalogue.attach(environment('many', name))
  expect((await catalogue.findSite('many')).environments).toEqual(['dev', 'test', 'live', 'pr1'])
  expect((await catalogue.listEnvironments('many')).map(({ name }) => name)).toEqual(['dev', 'test', 'live', 'pr1'])
  expect((await catalogue.listSites()).find(({ name }) => name === 'many')?.environments).toHaveLength(4)
})

test('a taken environment and another framework are refused; of two at once one wins', async () => {
  await expect(catalogue.attach(environment('many', 'live'))).rejects.toMatchObject({ code: 'SITE_TAKEN' })
  await expect(catalogue.attach(environment('many', 'x', { framework: 'drupal8' }))).rejects.toMatchObject({ code: 'SITE_TAKEN' })
  const both = await Promise.allSettled([
    catalogue.attach(environment('race', 'live')),
    catalogue.attach(environment('race', 'live')),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('what is not there is told apart', async () => {
  await expect(catalogue.find('nosite', 'live')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
  await expect(catalogue.find('many', 'nope')).rejects.toMatchObject({
    code: 'ENVIRONMENT_NOT_FOUND',
    hint: expect.stringContaining('live'),
  })
  await expect(catalogue.listEnvironments('nosite')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
})

test('remove() forgets a site with its last environment', async () => {
  await catalogue.attach(environment('gone', 'dev'))
  await catalogue.attach(environment('gone', 'live'))
  await catalogue.remove('gone', 'dev')
  expect((await catalogue.findSite('gone')).environments).toEqual(['live'])
  await catalogue.remove('gone', 'live')
  await expect(catalogue.findSite('gone')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
})
