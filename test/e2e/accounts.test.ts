// The server as others than root: as the account that owns the site, and as a member of that account's group.
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Account } from './checkout.ts'
import { type Ground, openGround } from './ground.ts'
import { type House, startHouse } from './house.ts'
import { differences, photographTree } from './photograph.ts'
import { restoreRound } from './round.ts'
import { makeSite, type Owners, type Site } from './site.ts'

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: restores as www-data and as a member of its group, which only root can set up')

let ground: Ground
beforeAll(async () => {
  if (isRoot) ground = await openGround()
})
afterAll(() => ground?.close())

async function open(name: string, owners: Owners, account: Account): Promise<{ house: House; site: Site }> {
  const directory = join(ground.directory, name)
  const site = await makeSite({
    version: '6.5',
    directory,
    mariadb: ground.mariadb,
    name,
    owners,
    posts: 10,
    uploads: 24,
    light: true,
  })
  ground.later(() => site.php.stop())
  const house = await startHouse({ directory, account })
  ground.later(() => house.stop())
  return { house, site }
}

describe.runIf(isRoot)('as www-data itself', () => {
  let house: House
  let site: Site
  beforeAll(async () => ({ house, site } = await open('own', 'own', { user: 'www-data', group: 'www-data' })))

  test('a site comes back exactly, and its restore can be undone and done again', async () => {
    await restoreRound({ house, site, name: 'own.dev' })
  })

  test('a tree of which a part belongs to root is refused with the reason', async () => {
    const plugins = join(site.root, 'wp-content/plugins')
    chownSync(plugins, 0, 0)
    await expectRefusal(
      house,
      site,
      'own.dev',
      '"wp-content/plugins": they belong to others and give the group no write',
      '--yes',
    )
    const { preflight } = (await house.cairn('env:info', 'own.dev', '--format=json')).json<{ preflight: { mode: string } }>()
    expect(preflight.mode).toContain('A restore of code is refused; the checks say why')
    chownSync(plugins, 33, 33)
  })
})

describe.runIf(isRoot)('as a member of the group www-data', () => {
  let house: House
  let site: Site
  const member = { user: 'backup', group: 'backup', groups: ['www-data'] }
  beforeAll(async () => ({ house, site } = await open('shared', 'shared', member)))

  test('a group-writable site comes back, but for owners, modes and times of what was changed', async () => {
    await restoreRound({ house, site, name: 'shared.dev', keeps: 'member' })
    expect(closedToGroup(site.root, 33), 'PHP, which is www-data, can change what was restored').toEqual([])
  })

  test.each<[string, string, number]>([
    [
      'not group-writable',
      '"wp-content/plugins": they belong to others and give the group no write (2775 would be needed)',
      0o2755,
    ],
    ['without setgid', 'setgid is missing (2775)', 0o775],
    ['sticky', 'What others own cannot be moved out of "wp-content/plugins": sticky, and not ours', 0o3775],
    ['closed', 'Cairn may not read "wp-content/plugins": a backup would lack what is in it', 0o2700],
  ])('a tree that is %s is refused with the reason', async (_how, reason, mode) => {
    const plugins = join(site.root, 'wp-content/plugins')
    const before = lstatSync(plugins).mode & 0o7777
    chownSync(plugins, 33, 33)
    chmodSync(plugins, mode)
    await expectRefusal(house, site, 'shared.dev', reason)
    chmodSync(plugins, before)
  })
})

/** A dry run says it; with `--yes` a restore says it too, and nothing is changed. */
async function expectRefusal(house: House, site: Site, name: string, reason: string, way = '--dry-run'): Promise<void> {
  const before = photographTree(site.root)
  const answer = await house.cairn('backup:restore', name, way)
  expect([answer.code, answer.stderr]).toEqual([2, expect.stringContaining(reason)])
  expect(answer.stderr).toContain('PREFLIGHT_REFUSED')
  const after = photographTree(site.root)
  // the probe worked in the two roots, and only their owner may set their times
  for (const tree of [before, after]) for (const root of ['.', './wp-content/uploads']) tree.delete(root)
  expect(differences(before, after)).toEqual([])
}

/** Entries that a group of this number may not write. */
function closedToGroup(root: string, gid: number): string[] {
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => {
      const stat = lstatSync(join(root, path), { throwIfNoEntry: false }) // names that are no UTF-8 are not looked at
      if (stat === undefined || stat.isSymbolicLink() || path.includes('.cairn-')) return false
      return stat.gid !== gid || (stat.mode & 0o020) === 0
    })
}
