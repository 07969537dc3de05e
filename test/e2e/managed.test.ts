import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listBackups } from '../../src/backups/catalogue.ts'
import { createLink } from '../../src/backups/links.ts'
import type { DeletedResult, ImportPlan, ManagedResult, ReplaceResult } from '../../src/contract/managedSchemas.ts'
import type { Element } from '../../src/contract/words.ts'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import { openArchive } from '../../src/repository/archiveOut.ts'
import { unpackChunkRef } from '../../src/repository/chunkRef.ts'
import { siteDesk } from '../../src/server/desks/sites.ts'
import { type Ground, openGround } from './ground.ts'
import { type ManagedTestHouse, startManagedHouse } from './managedHouse.ts'
import { makeSite, type Site } from './site.ts'

// One site through its life: attached, backed up, taken over, changed, restored, undone, cloned, deployed, wiped, deleted.

let ground: Ground
let cairn: ManagedTestHouse
let source: Site
let backup: string
let plain: string

beforeAll(async () => {
  ground = await openGround()
  source = await makeSite({
    version: '6.5',
    directory: join(ground.directory, 'source'),
    mariadb: ground.mariadb,
    name: 'source',
    posts: 5,
    uploads: 3,
  })
  ground.later(() => source.php.stop())
  mkdirSync(join(ground.directory, 'cairn'), { mode: 0o711 })
  cairn = await startManagedHouse(join(ground.directory, 'cairn'))
  ground.later(() => cairn.stop())
  await siteDesk(cairn.house).attach({ site: 'old', environment: 'live' }, { path: source.root }, cairn.actor)
  backup = await backUp('old', 'live')
  rmSync(join(source.root, 'wp-content/uploads/odd'), { recursive: true }) // names that an archive from elsewhere may not have
  plain = await backUp('old', 'live')
})

async function backUp(site: string, environment: string): Promise<string> {
  const elements: Element[] = ['code', 'files', 'database']
  const taken = await cairn.journeys.backup({ site, environment }, { elements }, cairn.actor)
  return (await cairn.result<{ backup: string }>(taken)).backup
}

afterAll(() => ground.close())

interface Page {
  status: number
  text: string
}

/** As a visitor: names below `localhost` need no name server. */
function ask(url: string): Promise<Page> {
  const { hostname, host, port, pathname, search } = new URL(url)
  expect(hostname).toMatch(/\.localhost$/)
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: pathname + search, headers: { host } }, (answer) => {
      let text = ''
      answer.setEncoding('latin1').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    }).on('error', reject)
  })
}

async function urlOf(environment: string, site: string): Promise<string> {
  return (await cairn.house.sites.find(site, environment)).url ?? ''
}

/** The front page, the login and an uploaded image, as visitors get them. */
async function visit(environment: string, site = 'shop'): Promise<{ front: Page; login: Page; image: Page }> {
  const url = await urlOf(environment, site)
  const { filesDirectory } = await cairn.house.sites.find(site, environment)
  const image = readdirSync(filesDirectory, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.png'))
  return {
    front: await ask(`${url}/`),
    login: await ask(`${url}/wp-login.php`),
    image: await ask(`${url}/wp-content/uploads/${image ?? 'none'}`),
  }
}

async function expectRunning(environment: string, site = 'shop'): Promise<string> {
  const { front, login, image } = await visit(environment, site)
  expect([front.status, login.status, image.status]).toEqual([200, 200, 200])
  expect(login.text).toContain('user_pass')
  expect(front.text + login.text).not.toContain(new URL(source.php.url).host)
  return front.text
}

test('an attached site is taken over: its backup becomes a site that runs under its own address', async () => {
  const started = await cairn.managedJourneys.createSite({ site: 'shop', source: { kind: 'backup', backup } }, cairn.actor)
  const made = await cairn.result<ManagedResult>(started)
  expect(made).toMatchObject({ site: 'shop', environment: 'dev', release: 1 })
  expect(made.done.join()).toMatch(/addresses were replaced/)
  await expectRunning('dev')
})

test('a change is restored away, undone, and done again', async () => {
  await sql('dev', "UPDATE wp_options SET option_value='Changed meanwhile' WHERE option_name='blogname'")
  expect((await visit('dev')).front.text).toContain('Changed meanwhile')
  const all = { elements: ['code', 'files', 'database'] as Element[] }
  const place = { site: 'shop', environment: 'dev' }
  const own = await backUp('shop', 'dev')
  await expectHistory(own)
  const plan = await cairn.journeys.previewRestore(place, { backup, ...all }, cairn.actor)
  expect(plan).toMatchObject({ mode: 'a new release', files: { changed: 0, removed: 0 } })
  const restored = await cairn.result<ManagedResult>(
    await cairn.journeys.restore(place, { backup, elements: ['database'] }, cairn.actor),
  )
  expect(restored.release).toBe(2)
  expect(await expectRunning('dev')).not.toContain('Changed meanwhile')
  expect(await cairn.result(await cairn.journeys.undo(place, cairn.actor))).toMatchObject({ inPlace: 'before', backup })
  expect(await expectRunning('dev')).toContain('Changed meanwhile')
  expect(await cairn.result(await cairn.journeys.undo(place, cairn.actor))).toMatchObject({ inPlace: 'after' })
  expect(await expectRunning('dev')).not.toContain('Changed meanwhile')
})

test("dev's backup is restored into test, test is deployed to live, and live is cloned to dev", async () => {
  const [latest] = await listBackups(cairn.house.store, { site: 'shop', environment: 'dev', all: false })
  const all: Element[] = ['code', 'files', 'database']
  const into = { site: 'shop', environment: 'test' }
  const restored = await cairn.result<ManagedResult>(
    await cairn.journeys.restore(into, { backup: latest?.id ?? '', elements: all }, cairn.actor),
  )
  expect(restored.done).toContain('no mail leaves this environment')
  await expectRunning('test')
  const live = { site: 'shop', environment: 'live' }
  const deployed = await cairn.result<ManagedResult>(await cairn.managedJourneys.deploy(live, { note: 'first' }, cairn.actor))
  expect(deployed).toMatchObject({ release: 1, commit: restored.commit, safetyBackup: null })
  await expectRunning('live')
  await sql('live', "UPDATE wp_options SET option_value='Live title' WHERE option_name='blogname'")
  const dev = { site: 'shop', environment: 'dev' }
  const cloned = await cairn.managedJourneys.clone(live, dev, { elements: ['database', 'files'] }, cairn.actor)
  await cairn.result(cloned)
  expect(await expectRunning('dev')).toContain('Live title')
  const again = await cairn.result<ManagedResult>(await cairn.managedJourneys.deploy(into, {}, cairn.actor))
  expect(again.safetyBackup).not.toBeNull()
  await expectRunning('test')
})

test('a wiped environment shows its installer, and comes back by undo', async () => {
  const dev = { site: 'shop', environment: 'dev' }
  await cairn.result(await cairn.managedJourneys.wipe(dev, cairn.actor))
  expect((await ask(`${await urlOf('dev', 'shop')}/`)).status).toBe(302)
  await cairn.result(await cairn.journeys.undo(dev, cairn.actor))
  expect(await expectRunning('dev')).toContain('Live title')
  await cairn.recover() // as at a start: what is in use stays
  expect(await expectRunning('dev')).toContain('Live title')
})

test('parts of a broken site are restored all the same, with a warning; one that breaks a whole site is refused', async () => {
  const dev = { site: 'shop', environment: 'dev' }
  const [latest] = await listBackups(cairn.house.store, { ...dev, all: false })
  const restore = async (): Promise<string> => {
    const asked = { backup: latest?.id ?? '', elements: ['files'] as Element[] }
    const started = await cairn.journeys.restore(dev, asked, cairn.actor)
    return cairn.warningsOf(started)
  }
  expect(await restore()).not.toContain('RELEASE_BROKEN')
  await sql('dev', 'RENAME TABLE wp_options TO wp_gone')
  expect(await restore()).toContain('RELEASE_BROKEN')
  await sql('dev', 'RENAME TABLE wp_gone TO wp_options')
  await expectRunning('dev')
})

test('archives behind our own links make another site, and one of them goes into an environment', async () => {
  const url = async (element: Element): Promise<{ url: string }> => {
    const { token, link } = await createLink(cairn.house.store, { backup: plain, element, actor: cairn.actor })
    return { url: `http://cairn.test/download/${token}/${link.file_name}` }
  }
  const given = { code: await url('code'), files: await url('files'), database: await url('database') }
  const started = await cairn.managedJourneys.createSite({ site: 'other', source: { kind: 'archives', ...given } }, cairn.actor)
  const made = await cairn.result<ManagedResult>(started)
  expect(made).toMatchObject({ site: 'other', environment: 'dev', release: 1 })
  await expectRunning('dev', 'other')

  const dev = { site: 'other', environment: 'dev' }
  const host = new URL((await urlOf('dev', 'other')) || 'http://none').host
  const pairs = [{ from: `http://${host}`, to: 'http://moved.example.com' }]
  const look = await cairn.managedJourneys.searchReplace(dev, { pairs, dryRun: true }, cairn.actor)
  expect((await cairn.result<ReplaceResult>(look)).replacements).toBeGreaterThan(5)
  await cairn.result(await cairn.managedJourneys.searchReplace(dev, { pairs }, cairn.actor))
  const imported = await cairn.managedJourneys.importElement(
    dev,
    { element: 'database', from: await url('database') },
    cairn.actor,
  )
  expect(await cairn.result<ManagedResult>(imported)).toMatchObject({ release: 3 })
  await expectRunning('dev', 'other')
  const dry = await cairn.managedJourneys.importElement(
    dev,
    { element: 'code', from: await url('code'), dryRun: true },
    cairn.actor,
  )
  expect(await cairn.result<ImportPlan>(dry)).toMatchObject({ added: 0, changed: 0, removed: 0 })
  for (const element of ['files', 'code'] as const) {
    await cairn.result(await cairn.managedJourneys.importElement(dev, { element, from: await url(element) }, cairn.actor))
    await expectRunning('dev', 'other')
  }
  const { commit } = await cairn.result<ManagedResult>(
    await cairn.managedJourneys.revertCode(dev, made.commit ?? '', cairn.actor),
  )
  expect(commit).not.toBeNull()
  await cairn.result(await cairn.managedJourneys.deleteSite({ site: 'other' }, cairn.actor))
})

test('what cannot become a site leaves nothing', async () => {
  const { token, link } = await createLink(cairn.house.store, { backup: plain, element: 'files', actor: cairn.actor })
  const code = { url: `http://cairn.test/download/${token}/${link.file_name}` }
  const started = await cairn.managedJourneys.createSite({ site: 'half', source: { kind: 'archives', code } }, cairn.actor)
  await expect(cairn.result(started)).rejects.toThrow('ARCHIVE_REFUSED')
  await expect(cairn.house.sites.findSite('half')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
  expect(existsSync(join(ground.directory, 'cairn/sites/half'))).toBe(false)
})

test('an environment more, and then all of it deleted: nothing is left but the backups', async () => {
  const asked = { site: 'shop', environment: 'more' }
  await cairn.result(await cairn.managedJourneys.addEnvironment(asked, cairn.actor))
  await expectRunning('more')
  await cairn.result(await cairn.managedJourneys.deleteEnvironment(asked, cairn.actor))
  expect((await cairn.house.sites.findSite('shop')).environments).toEqual(['dev', 'test', 'live'])
  const { lastBackups } = await cairn.result<DeletedResult>(await cairn.managedJourneys.deleteSite({ site: 'shop' }, cairn.actor))
  expect(lastBackups).toHaveLength(3)
  expect(existsSync(join(ground.directory, 'cairn/sites/shop'))).toBe(false)
  const { mysql } = await cairn.house.managed.open()
  expect(await mysql.listOwn(cairn.house.managed.names.prefixes)).toEqual({ schemas: [], accounts: [] })
  await expect(cairn.house.sites.findSite('shop')).rejects.toMatchObject({ code: 'SITE_NOT_FOUND' })
  expect((await listBackups(cairn.house.store, { site: 'shop', environment: 'dev', all: false })).length).toBeGreaterThan(0)
})

/** As somebody at work in the site would. */
async function sql(environment: string, statement: string): Promise<void> {
  const { database } = await cairn.house.sites.find('shop', environment)
  const connection = await connectDatabase(database)
  await connection.run(statement).finally(() => connection.close())
}

/** Untarred elsewhere the code archive is a work tree with its whole history, and nobody changed a file. */
async function expectHistory(id: string): Promise<void> {
  const { elements } = await cairn.house.repository.readBackupObject(id)
  const manifest = await cairn.house.repository.loadManifest(unpackChunkRef(Buffer.from(elements.code?.manifest ?? '', 'hex')))
  const to = join(ground.directory, 'untarred')
  mkdirSync(to)
  const tar = join(ground.directory, 'code.tar.gz')
  for await (const piece of openArchive(cairn.house.repository, manifest).read()) appendFileSync(tar, piece)
  execFileSync('tar', ['-xzf', tar, '-C', to, '--no-same-owner'])
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'safe.directory=*', '-C', to, ...args], { encoding: 'utf8' })
  git('fsck', '--strict')
  expect(git('log', '--oneline')).toContain('The code of backup')
  expect(git('status', '--porcelain')).toBe('')
}
