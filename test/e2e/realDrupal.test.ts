// Real Drupal and Backdrop, where a checkout that is ready to install is given; with PHP's gd, which their installers want.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPhp } from '../servers/php.ts'
import { installDrupal, type RealDrupal, type RealKind } from '../servers/realDrupal.ts'
import { givenCheckouts } from './givenCheckouts.ts'
import { type Ground, openGround } from './ground.ts'
import { type House, startHouse } from './house.ts'
import { differences, type Photograph, photographDatabase, photographTree } from './photograph.ts'
import { succeeds } from './round.ts'

const given = givenCheckouts((kind) => `real ${kind} comes back exactly`)

let ground: Ground
let house: House
beforeAll(async () => {
  if (given.length === 0) return
  ground = await openGround()
  house = await startHouse({ directory: ground.directory })
  ground.later(() => house.stop())
})
afterAll(() => ground?.close())

/** What it cannot live without: dropped, a visitor gets an error as soon as the caches are empty. */
const vital: Record<RealKind, { table: string; code: string }> = {
  drupal7: { table: 'menu_router', code: 'includes/menu.inc' },
  backdrop: { table: 'menu_router', code: 'core/includes/menu.inc' },
  drupal10: { table: 'router', code: 'core/lib/Drupal/Core/Routing/RouteProvider.php' },
}

describe.runIf(given.length > 0).each(given)('real $kind', ({ kind, checkout }) => {
  test('is attached, backed up, broken, restored, and its restore undone', async () => {
    const directory = join(ground.directory, kind)
    mkdirSync(directory)
    const site = await installDrupal({ kind, checkout, directory, mariadb: ground.mariadb, name: kind })
    const php = await startPhp({ docroot: site.docroot, directory: join(directory, 'php'), kind: 'builtin', workers: 2 })
    ground.later(() => php.stop())
    const open = async (): Promise<{ front: number; titles: string[]; login: number }> => {
      const front = await fetch(`${php.url}/`)
      const titles = [...new Set((await front.text()).match(/Page \d/g))].toSorted()
      const login = await fetch(`${php.url}/${kind === 'drupal10' ? '' : '?q='}user/login`)
      await login.body?.cancel()
      return { front: front.status, titles, login: login.status }
    }
    const whole = { front: 200, titles: kind === 'drupal10' ? [] : [1, 2, 3, 4, 5].map((n) => `Page ${n}`), login: 200 }
    expect(await open()).toEqual(whole)

    const name = `${kind}.dev`
    await succeeds(house.cairn('site:attach', name, '--path', site.codeRoot, '--url', php.url, '--yes'), [0, 3])
    const found = (await house.cairn('env:info', name, '--format=json')).json<Record<string, unknown>>()
    expect(found).toMatchObject({ framework: kind === 'drupal10' ? 'drupal8' : kind })
    const before = await photograph(site)
    expect(before.has('private ./report.txt')).toBe(true)
    await succeeds(house.cairn('backup:create', name), [0, 3])
    expect(differences(before, await photograph(site))).toEqual([])

    await ground.mariadb.admin(
      `DROP TABLE ${vital[kind].table}; UPDATE users SET uid = 99 WHERE uid = 0;
        CREATE TABLE planted (id int); ${await truncations(site)}`,
      kind,
    )
    rmSync(join(site.docroot, vital[kind].code))
    writeFileSync(join(site.docroot, 'planted.php'), '<?php')
    rmSync(join(site.privateFiles, 'report.txt'))
    expect((await open()).front).toBeGreaterThanOrEqual(500)
    const damaged = await photograph(site) // with what it wrote into its log about that

    await succeeds(house.cairn('backup:restore', name, '--yes'), [0, 3])
    expect(differences(before, await photograph(site))).toEqual([])
    expect(await open()).toEqual(whole)
    expect(readFileSync(join(site.privateFiles, 'report.txt'), 'utf8')).toBe('private')

    await succeeds(house.cairn('env:undo', name, '--yes'), [0, 3])
    expect(differences(damaged, await photograph(site))).toEqual([])
    await succeeds(house.cairn('env:undo', name, '--yes'), [0, 3])
    expect(await open()).toEqual(whole)
    expect(existsSync(join(site.docroot, 'planted.php'))).toBe(false)
  }, 900_000)
})

async function truncations({ database }: RealDrupal): Promise<string> {
  const tables = (await ground.mariadb.admin("SHOW TABLES LIKE 'cache%'", database.database)).trim().split('\n')
  return tables.map((table) => `TRUNCATE TABLE ${table}`).join('; ')
}

/** Everything but rows of caches and what is built again by itself. */
async function photograph(site: RealDrupal): Promise<Photograph> {
  const rebuilt = /^\.\/(?:.*\/)?files\/(?:php|css|js|styles)(?:\/|$)/
  // with every visit that builds one of them the directory that they are in has another time
  const around = /^\.\/(?:.*\/)?files$/
  const tree = [...photographTree(site.codeRoot)]
    .filter(([name]) => !rebuilt.test(name))
    .map(([name, line]) => [name, around.test(name) ? line.replace(/ \d+µs$/, '') : line] as const)
  const further = [...photographTree(site.privateFiles)].map(([name, line]) => [`private ${name}`, line] as const)
  const database = [...(await photographDatabase(site.database))].filter(([name]) => !name.startsWith('rows of cache'))
  return new Map([...tree, ...further, ...database])
}
