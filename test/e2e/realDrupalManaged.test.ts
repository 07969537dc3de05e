// Real Drupal and Backdrop as managed sites, where a checkout that is ready to install is given; with PHP's gd, which their
// installers want.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDatabase } from '../../src/workflows/managed/moveAddresses.ts'
import { installDrupal, type RealDrupal, type RealKind } from '../servers/realDrupal.ts'
import { drupalJourney, pageOf, type Place } from './drupalJourney.ts'
import { givenCheckouts } from './givenCheckouts.ts'
import { type Ground, openGround } from './ground.ts'
import { type ManagedTestHouse, startManagedHouse } from './managedHouse.ts'
import { visit } from './visit.ts'

const given = givenCheckouts((kind) => `real ${kind} goes through its life as a managed site`)

let ground: Ground
let cairn: ManagedTestHouse
beforeAll(async () => {
  if (given.length === 0) return
  ground = await openGround()
  mkdirSync(join(ground.directory, 'cairn'), { mode: 0o711 })
  cairn = await startManagedHouse(join(ground.directory, 'cairn'))
  ground.later(() => cairn.stop())
})
afterAll(() => ground?.close())

describe.runIf(given.length > 0).each(given)('real $kind', ({ kind, checkout }) => {
  test('goes through its life as a managed site', async () => {
    const directory = join(ground.directory, kind)
    mkdirSync(directory)
    const source = await installDrupal({ kind, checkout, directory, mariadb: ground.mariadb, name: kind })
    await drupalJourney({
      ...{ cairn, name: kind, codeRoot: source.codeRoot, publicPath: publicPath(kind), firstTitle: 'Page 1' },
      expectPages: (place, title) => expectPages(kind, source, place, title),
      expectSignIn: (place) => expectSignIn(kind, place),
      rename: (place, from, to) => rename(kind, place, from, to),
    })
  }, 1_200_000)
})

function publicPath(kind: RealKind): string {
  return kind === 'backdrop' ? 'files' : 'sites/default/files'
}

function loginPath(kind: RealKind): string {
  return kind === 'drupal10' ? '/user/login' : '/?q=user/login'
}

/** The front page, content, the login and an uploaded image, as visitors get them; private files stay private. */
async function expectPages(kind: RealKind, source: RealDrupal, place: Place, first: string): Promise<void> {
  const page = (path: string) => pageOf(cairn, place, path)
  const front = await page('/')
  // the minimal profile of Drupal 8 and later shows no list of content
  const pages = kind === 'drupal10' ? await Promise.all([1, 2, 3, 4, 5].map((n) => page(`/node/${n}`))) : [front]
  const found = pages.flatMap(({ text }) => /<title>[^<]*(Page \d)/.exec(text)?.slice(1) ?? text.match(/Page \d/g) ?? [])
  const login = await page(loginPath(kind))
  const image = await page(`/${publicPath(kind)}/${source.image}`)
  const report = await page(`/${publicPath(kind)}/private/report.txt`)
  expect([front, login, image].map(({ status }) => status)).toEqual([200, 200, 200])
  expect([...new Set(found)].toSorted()).toEqual([first, 'Page 2', 'Page 3', 'Page 4', 'Page 5'].toSorted())
  expect(login.text).toContain('name="pass"')
  expect(image.text).toBe(readFileSync(join(source.files, source.image), 'latin1'))
  expect(report.status).toBeGreaterThanOrEqual(403)
  const { filesDirectory } = await cairn.house.sites.find(place.site, place.environment)
  expect(readFileSync(join(filesDirectory, 'private/report.txt'), 'utf8')).toBe('private')
}

async function expectSignIn(kind: RealKind, place: Place): Promise<void> {
  const { url } = await cairn.house.sites.find(place.site, place.environment)
  const page = await visit(url + loginPath(kind))
  const hidden = [...page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => input)
  const fields = hidden.map((input) => ['name', 'value'].map((name) => new RegExp(` ${name}="([^"]*)"`).exec(input)?.[1] ?? ''))
  const form = { ...Object.fromEntries(fields), name: 'admin', pass: 'adminpw', op: 'Log in' }
  const answer = await visit(url + loginPath(kind), { form, cookies: page.cookies })
  expect(answer.location, 'where the form sends somebody who signed in').toContain(url)
  const user = await visit(`${url}${kind === 'drupal10' ? '/user/1/edit' : '/?q=user/1/edit'}`, answer)
  expect(user.status, `the form of ${kind} for somebody signed in`).toBe(200)
}

async function rename(kind: RealKind, { site, environment }: Place, from: string, to: string): Promise<void> {
  const { database } = await cairn.house.sites.find(site, environment)
  await withDatabase(database, async (connection) => {
    const tables = (await connection.query("SHOW TABLES LIKE 'cache%'")).map((row) => String(Object.values(row)[0]))
    for (const table of tables) await connection.run(`TRUNCATE TABLE \`${table}\``)
    for (const table of kind === 'drupal10' ? ['node_field_data', 'node_field_revision'] : ['node', 'node_revision'])
      await connection.run(`UPDATE ${table} SET title='${to}' WHERE title='${from}'`)
  })
}
