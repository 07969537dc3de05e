import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { writeReleaseFile } from '../../releases/managed/describeRelease.ts'
import { filesPath, releasePaths } from '../../releases/managed/layout.ts'
import type { Release } from '../../releases/managed/records.ts'
import type { House } from '../house.ts'
import type { Ground } from './putRelease.ts'
import { upkeepOf } from './upkeep.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-upkeep-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const place = { id: 'E', site: 'shop', name: 'test', directory, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const releases = [
  { number: 1, filesId: 'one', schema: 'c_1', account: 'r_1' },
  { number: 2, filesId: 'two', schema: 'c_1', account: 'r_2', secrets: { password: 'p' } },
] as Release[]
const ground = { place, php: {}, url: 'http://x', mysql: { createAccount: async () => {} } } as unknown as Ground
const house = {
  managed: {
    names: {},
    releases: { list: async () => releases, find: async (_: string, number: number) => releases[number - 1] },
  },
} as unknown as House

const update = (number: number) =>
  upkeepOf(house, { update: true, clear: false }, async () => ({
    database: 'kept',
    files: async (to) => writeFileSync(join(to, 'copy'), ''),
  })).upkeep?.(ground, number, quietRun())

test('an update that was killed begins again with a copy of the files too, and never in a tree of another release', async () => {
  for (const { number, filesId } of releases) {
    mkdirSync(releasePaths(place, number).code, { recursive: true })
    mkdirSync(filesPath(place, filesId), { recursive: true })
    writeFileSync(join(filesPath(place, filesId), 'half'), '')
    writeReleaseFile(releasePaths(place, number).release, { filesId, code: null, derived: [], touched: [] })
  }
  await update(2)
  expect(readdirSync(filesPath(place, 'two'))).toEqual(['half']) // as it was prepared
  await update(2) // the first one was killed: its mark is there
  expect(readdirSync(filesPath(place, 'two')).sort()).toEqual(['copy', 'private'])
  releases.push({ ...releases[0], number: 3 } as Release)
  await update(1)
  await expect(update(1)).rejects.toMatchObject({ code: 'APPLY_CONFLICT' })
  expect(existsSync(join(filesPath(place, 'one'), 'half'))).toBe(true)
})
