// A real WordPress network in directories as a managed site, at the addresses of each environment.
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLink } from '../../src/backups/links.ts'
import type { ManagedResult } from '../../src/contract/managedSchemas.ts'
import type { Element } from '../../src/contract/words.ts'
import { releasePaths } from '../../src/releases/managed/layout.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { siteDesk } from '../../src/server/desks/sites.ts'
import { tablesOf, withDatabase } from '../../src/workflows/managed/moveAddresses.ts'
import { makeUploads } from '../servers/uploads.ts'
import { installNetwork, type WordPressNetwork } from '../servers/wordpressNetwork.ts'
import { type Ground, openGround } from './ground.ts'
import { type ManagedTestHouse, startManagedHouse } from './managedHouse.ts'
import { visit } from './visit.ts'

let ground: Ground
let cairn: ManagedTestHouse
let network: WordPressNetwork
let image: Buffer

beforeAll(async () => {
  if (process.getuid?.() !== 0) return
  ground = await openGround()
  const [made] = makeUploads(join(ground.directory, 'images'), 1, 9000)
  image = readFileSync(join(ground.directory, 'images', made?.path ?? ''))
  const directory = join(ground.directory, 'network')
  const url = 'http://old.example' // nobody visits it there
  network = await installNetwork(
    { version: '6.5', light: true, directory, mariadb: ground.mariadb, database: 'network', url, posts: 3 },
    image,
  )
  mkdirSync(join(ground.directory, 'cairn'), { mode: 0o711 })
  cairn = await startManagedHouse(join(ground.directory, 'cairn'))
  ground.later(() => cairn.stop())
})
afterAll(() => ground?.close())

const all: Element[] = ['code', 'files', 'database']

test.runIf(process.getuid?.() === 0)(
  'a network is made out of archives and deployed, each time with all its addresses',
  async () => {
    await siteDesk(cairn.house).attach({ site: 'old', environment: 'live' }, { path: network.directory }, cairn.actor)
    const taken = await cairn.journeys.backup({ site: 'old', environment: 'live' }, { elements: all }, cairn.actor)
    const { backup } = await cairn.result<{ backup: string }>(taken)
    const archive = async (element: Element): Promise<{ url: string }> => {
      const { token, link } = await createLink(cairn.house.store, { backup, element, actor: cairn.actor })
      return { url: `http://cairn.test/download/${token}/${link.file_name}` }
    }
    const given = { code: await archive('code'), files: await archive('files'), database: await archive('database') }
    const started = await cairn.managedJourneys.createSite({ site: 'net', source: { kind: 'archives', ...given } }, cairn.actor)
    expect(await cairn.result<ManagedResult>(started)).toMatchObject({ environment: 'dev', release: 1 })
    await expectNetwork('dev', [network.url])

    const onTest = { site: 'net', environment: 'test' }
    await cairn.result(await cairn.managedJourneys.deploy(onTest, {}, cairn.actor))
    await expectNetwork('test', [network.url, await urlOf('dev')])
  },
)

test.runIf(process.getuid?.() === 0)(
  'a start shows every site, also where the release of one is gone: its deletion was killed',
  async () => {
    const { managed } = await cairn.house.sites.find('net', 'test')
    const { release } = releasePaths({ directory: managed?.directory ?? '' }, managed?.release ?? 0)
    renameSync(release, join(ground.directory, 'gone'))
    await cairn.recover()
    expect((await visit(`${await urlOf('dev')}/`)).status).toBe(200)
    renameSync(join(ground.directory, 'gone'), release)
  },
)

async function urlOf(environment: string): Promise<string> {
  return (await cairn.house.sites.find('net', environment)).url ?? ''
}

/** Both sites answer under the environment's address, sign-in and images too; no address of elsewhere is on their pages or in the tables. */
async function expectNetwork(environment: string, notThese: string[]): Promise<void> {
  const { framework, database } = await cairn.house.sites.find('net', environment)
  expect(framework).toBe('wordpress_network')
  const url = await urlOf(environment)
  const pages = await Promise.all(['/', '/wp-login.php', '/second/', '/second/wp-login.php'].map((path) => visit(url + path)))
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const [main, , second, login] = pages.map(({ text }) => text)
  expect(main).toContain('Post 1')
  expect(second).toContain('Of the second site')
  expect(login).toContain(`${url}/second/wp-login.php`)
  const shown = network.image.replace(network.url, url)
  expect(second).toContain(shown)
  expect((await visit(shown)).text).toBe(image.toString('latin1'))
  const shownLines = pages.flatMap(({ text }) => text.split('\n'))
  const cells = await cellsOf(database)
  expect(cells.filter((cell) => cell.includes(`"${url}/second/about/"`))).toHaveLength(1)
  for (const address of notThese)
    expect([...cells, ...shownLines].filter((line) => line.includes(new URL(address).host))).toEqual([])
}

/** Of every table, with its name. A `guid` names a post for ever, and is no address. */
function cellsOf(credentials: DatabaseCredentials): Promise<string[]> {
  return withDatabase(credentials, async (database) => {
    const cells: string[] = []
    for (const { name } of await tablesOf(database)) {
      const rows = await database.query(`SELECT * FROM \`${name}\``)
      for (const { guid: _, ...row } of rows) cells.push(...Object.values(row).map((cell) => `${name}: ${String(cell)}`))
    }
    return cells
  })
}
