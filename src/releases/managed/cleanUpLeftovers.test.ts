import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cleanUpLeftovers, type CleanUpOptions } from './cleanUpLeftovers.ts'

test('a start removes what a backup had in work beside a release, and the export that an earlier Cairn kept', async () => {
  const sitesDirectory = mkdtempSync(join(tmpdir(), 'cairn-leftovers-'))
  onTestFinished(() => rmSync(sitesDirectory, { recursive: true }))
  const directory = join(sitesDirectory, 'shop/live')
  const release = join(directory, 'releases/000001')
  for (const name of ['code', 'archive/code', 'archive/01ABC/git']) mkdirSync(join(release, name), { recursive: true })
  writeFileSync(join(release, 'archive/code/index.php'), '')
  const row = { number: 1, state: 'kept', environmentId: 'E', filesId: 'f', schema: 's', account: 'a' }
  const options = {
    sitesDirectory,
    places: [{ id: 'E', site: 'shop', name: 'live', directory, uid: 0, gid: 0, isLive: true }],
    releases: { list: async () => [row], listAll: async () => [row] },
    mysql: { listOwn: async () => ({ schemas: [], accounts: [] }) },
    names: { prefixes: [], isOurs: () => true, owner: (schema: string) => `${schema}o` },
    isAlive: async () => false,
  } as unknown as CleanUpOptions
  expect((await cleanUpLeftovers(options)).toSorted()).toEqual([join(release, 'archive/01ABC'), join(release, 'archive/code')])
  expect([existsSync(join(release, 'archive/code')), existsSync(join(release, 'code'))]).toEqual([false, true])
  expect(await cleanUpLeftovers(options)).toEqual([])
})
