// A disk that is full before a workflow begins, and one that becomes full on the way: the repository's, and the site's.
import { chmodSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChild } from '../../src/base/spawn.ts'
import type { SmallSite } from '../load/smallSite.ts'
import type { Photograph } from './photograph.ts'
import { expectUnharmed, type FaultyHouse, lookAt, openFaultyHouse } from './faults.ts'

const name = 'full.dev'
const isRoot = process.getuid?.() === 0
let faulty: FaultyHouse
let site: SmallSite
let repository: string
/** As the latest backup has it */
let whole: Photograph | undefined

beforeAll(async () => {
  if (!isRoot) return
  faulty = await openFaultyHouse()
  const { ground, house } = faulty
  const siteDisk = join(ground.directory, 'full')
  mkdirSync(siteDisk)
  await mount(siteDisk, '64m')
  site = await faulty.attach(name)
  // the repository gets a small disk of its own; the state database keeps its room
  await house.stop()
  repository = join(house.data, 'repository')
  renameSync(repository, `${repository}.aside`)
  mkdirSync(repository, { mode: 0o700 })
  await mount(repository, '48m')
  chmodSync(repository, 0o700)
  cpSync(`${repository}.aside`, repository, { recursive: true, preserveTimestamps: true })
  await house.start()
  await faulty.works('backup:create', name)
})
afterAll(() => faulty?.close())

async function mount(directory: string, size: string): Promise<void> {
  await runChild('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'cairn-test', directory])
  faulty.ground.later(() => runChild('umount', ['-l', directory]))
}

/** Takes all but `leftBytes` of a disk; call the result to give it back. */
function fill(directory: string, leftBytes: number): () => void {
  const path = join(directory, '.filler')
  const { bavail, bsize } = statfsSync(directory)
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)))
  return () => rmSync(path)
}

const archives = async (): Promise<string[]> =>
  (await faulty.works('backup:list', name, '--field=fileName')).stdout.trim().split('\n')

test.runIf(isRoot).each([
  ['before the backup', 0],
  ['while the backup is made', 1 << 20],
])('the disk of the repository is full %s: it fails, and everything earlier is whole', async (_, leftBytes) => {
  for (let i = 0; i < 8; i++)
    writeFileSync(join(site.directory, `wp-content/uploads/new-${leftBytes}-${i}.bin`), randomBytes(500_000))
  const before = await lookAt(site)
  const earlier = await archives()
  const empty = fill(repository, leftBytes)
  try {
    await faulty.fails(1, [/no space is left on the disk/, /SPACE_LACKING/, /Free space/], 'backup:create', name)
    expect(await archives()).toEqual(earlier)
    expect((await faulty.works('backup:list', name)).stderr).toMatch(/failed: .*no space is left/)
    await faulty.works('repository:check', '--read-data')
    await faulty.works('backup:get', name, '--element=database', '--to', join(faulty.ground.directory, `${leftBytes}.sql.gz`))
  } finally {
    empty()
  }
  await expectUnharmed(site, before)
  await faulty.works('backup:create', name)
  expect((await archives()).length).toBe(earlier.length + 3)
})

test.runIf(isRoot).each([
  ['before the restore', 0],
  ['while the restore lays files ready', 3 << 20],
])('the disk of the site is full %s: nothing of the site has changed, and nothing is left behind', async (_, leftBytes) => {
  whole ??= await lookAt(site)
  const uploads = join(site.directory, 'wp-content/uploads')
  for (const file of readdirSync(uploads)) if (file.endsWith('.jpg')) rmSync(join(uploads, file))
  const before = await lookAt(site)
  const empty = fill(join(faulty.ground.directory, 'full'), leftBytes)
  try {
    const dry = await faulty.house.cairn('backup:restore', name, '--dry-run')
    expect([dry.code, dry.stderr]).toEqual([2, expect.stringContaining('there is not enough space')])
    await faulty.fails(1, [/SPACE_LACKING/, /nothing was changed/], 'backup:restore', name, '--no-safety-backup', '--yes')
    await expectUnharmed(site, before)
    const { stdout } = await runChild('find', [site.directory, '-name', '.cairn-*'])
    expect(stdout).toBe('')
    expect(await faulty.ground.mariadb.admin(`SHOW TABLES LIKE '\\_cairn%'`, 'full')).toBe('')
    await faulty.fails(4, [/UNDO_MISSING/], 'env:undo', name, '--yes')
  } finally {
    empty()
  }
  if (leftBytes === 0) return
  await faulty.works('backup:restore', name, '--no-safety-backup', '--yes')
  await expectUnharmed(site, whole)
})
