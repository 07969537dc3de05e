// Sites of Drupal's shape as managed sites: what a real one would miss is missed here too. Real ones: realDrupalManaged.test.ts.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDatabase } from '../../src/workflows/managed/moveAddresses.ts'
import { type DrupalKind, makeDrupal } from '../servers/drupalShape.ts'
import { isSoak } from '../soak.ts'
import { drupalJourney, pageOf, type Place } from './drupalJourney.ts'
import { type Ground, openGround } from './ground.ts'
import { type ManagedTestHouse, startManagedHouse } from './managedHouse.ts'

const isRoot = process.getuid?.() === 0
const firstTitle = 'By an editor'

let ground: Ground
let cairn: ManagedTestHouse
beforeAll(async () => {
  if (!isRoot) return
  ground = await openGround()
  mkdirSync(join(ground.directory, 'cairn'), { mode: 0o711 })
  cairn = await startManagedHouse(join(ground.directory, 'cairn'))
  ground.later(() => cairn.stop())
})
afterAll(() => ground?.close())

/** Each takes a minute: the others only in the soak. */
const kinds: [DrupalKind, string][] = [
  ['drupal7', 'd7_'],
  ['drupal10', ''],
  ['backdrop', ''],
]

describe.runIf(isRoot).each(kinds.filter(([kind]) => isSoak || kind === 'drupal10'))('%s', (kind, prefix) => {
  test('goes through its life as a managed site', async () => {
    const directory = join(ground.directory, kind)
    const { codeRoot } = await makeDrupal({ kind, directory, mariadb: ground.mariadb, name: kind, prefix })
    const publicPath = kind === 'backdrop' ? 'files' : 'sites/default/files'
    await drupalJourney({
      ...{ cairn, name: kind, codeRoot, publicPath, firstTitle },
      expectPages: (place, title) => expectPages(place, publicPath, title),
      rename: (place, from, to) => rename(place, `${prefix}node`, from, to),
    })
  })
})

async function expectPages(place: Place, publicPath: string, title: string): Promise<void> {
  const paths = ['/', '/user/login', `/${publicPath}/photo.jpg`, `/${publicPath}/private/report.pdf`]
  const [front, login, photo, report] = await Promise.all(paths.map((path) => pageOf(cairn, place, path)))
  const text = Buffer.from(front?.text ?? '', 'latin1').toString()
  const titles = `By nobody {curly} [square] "quoted" / nobody\nGrüße 😀 / admin\n${title} / editor\n`
  expect(text).toContain(`Sh"pe\n${titles}private report.pdf\n`)
  expect([front?.status, login?.status]).toEqual([200, 200])
  expect(photo).toMatchObject({ status: 200, text: 'not really a photo' })
  expect(report?.status).toBeGreaterThanOrEqual(403)
  const { filesDirectory } = await cairn.house.sites.find(place.site, place.environment)
  expect(readFileSync(join(filesDirectory, 'private/deep/er/letter.txt'), 'utf8')).toBe('private deep/er/letter.txt')
}

async function rename({ site, environment }: Place, table: string, from: string, to: string): Promise<void> {
  const { database } = await cairn.house.sites.find(site, environment)
  await withDatabase(database, (connection) => connection.run(`UPDATE ${table} SET title='${to}' WHERE title='${from}'`))
}
