import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { quietRun } from '../../base/run.ts'
import { listDeployTags } from '../../git/deployTags.ts'
import { createSiteRepository, type SiteRepository } from '../../git/siteRepository.ts'
import { commitSketch, makePlace, userGit, useEachPlace } from '../../git/testing.suite.ts'
import type { WorkflowContext } from '../../queue/define.ts'
import { beginHold, readHold } from '../../releases/managed/hold.ts'
import { isFlagRaised } from '../../releases/managed/switchJournal.ts'
import type { House } from '../house.ts'
import { deployWorkflow } from './deploy.ts'

let repository: SiteRepository
let house: House
let commit = ''
let place: Awaited<ReturnType<typeof makePlace>>
useEachPlace((made) => void (place = made))

/** A house in which nothing can be prepared. */
async function build(): Promise<void> {
  mkdirSync(join(place.base, 'shop'))
  repository = await createSiteRepository(join(place.base, 'shop/repository.git'))
  commit = await commitSketch(repository, { 'index.php': '1' })
  const own = { directory: join(place.base, 'shop/live'), uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const environments = [
    { id: 'T', site: 'shop', name: 'test', managed: { release: 3, commit } },
    {
      id: 'L',
      site: 'shop',
      name: 'live',
      managed: { ...own, release: 0, commit: null },
      url: 'http://live',
      framework: 'wordpress',
    },
  ]
  house = {
    sites: { findById: async (id: string) => environments.find((each) => each.id === id) },
    managed: {
      sitesDirectory: place.base,
      open: async () => ({ mysql: null, php: null }),
      releases: {
        current: async () => null,
        prepare: async () => {
          throw new Failure('MYSQL_HOME', 'Cannot prepare: this is a test')
        },
      },
    },
  } as unknown as House
}

/** @param kept what former attempts have stored of steps */
async function deploy(kept: Record<string, unknown>, note: string | null = null): Promise<unknown> {
  const context = {
    ...{ id: 'W', actor: { kind: 'person', id: 'P', name: 'Paul' }, attempt: 1, run: quietRun() },
    step: async (name: string, work: (run: unknown) => Promise<unknown>) => (kept[name] ??= await work(quietRun())),
    pointOfNoReturn: async () => {},
    fence: async () => {},
  } as unknown as WorkflowContext
  return deployWorkflow(house).run(context, { environmentId: 'L', fromId: 'T', note, contentFromId: 'T' })
}

const shown = (release: number) => ({
  prepare: { number: release, done: [] },
  boot: { isBroken: false, said: [] },
  switch: { release, maintenanceMs: 1, done: [] },
})
const tags = async () => (await listDeployTags(repository, 'live')).map(({ name, commit: id }) => [name, id])

test('a deploy that fails leaves no tag, so the next number is that of the next deploy', async () => {
  await build()
  await expect(deploy({})).rejects.toThrow()
  expect(await tags()).toEqual([])
  await deploy(shown(1), 'With a note')
  expect(await tags()).toEqual([['cairn_live_1', commit]])
  expect(userGit(repository.directory, ['tag', '-l', '-n9', 'cairn_live_1'])).toContain('With a note')
})

test('one that was killed while it tagged tags once; the same code deployed again has a tag of its own', async () => {
  await build()
  const first: Record<string, unknown> = shown(1)
  await deploy(first)
  delete first['tag'] // made, and not yet stored
  await deploy(first)
  expect(await tags()).toEqual([['cairn_live_1', commit]])
  await deploy(shown(2))
  expect(await tags()).toEqual([
    ['cairn_live_1', commit],
    ['cairn_live_2', commit],
  ])
})

test('what a killed attempt had begun to prepare is dropped where the next one is cancelled before it comes to that', async () => {
  await build()
  const done: string[] = []
  const begun = (number: number, workflow: string) => ({
    ...{ number, filesId: `f${number}`, schema: `c_${number}`, account: `r_${number}` },
    state: 'preparing',
    origin: { workflow },
  })
  const setDropped = async ({ number }: { number: number }): Promise<void> => void done.push(`release ${number}`)
  Object.assign(house.managed.releases, { list: async () => [begun(1, 'W'), begun(2, 'another')], setDropped })
  Object.assign(house.managed, { names: { owner: (schema: string) => `o${schema.slice(1)}` } })
  const drop = async (name: string): Promise<void> => void done.push(name)
  house.managed.open = async () => ({ mysql: { dropSchema: drop, dropAccount: drop }, php: null }) as never
  await expect(deploy({})).rejects.toThrow()
  expect(done).toEqual(['release 1', 'c_1', 'o_1', 'r_1'])
})

test('visitors whom a killed attempt held off come in again where the next one cannot even begin', async () => {
  await build()
  const directory = join(place.base, 'shop/live')
  mkdirSync(directory)
  beginHold({ directory }, 'W', 1000)
  house.managed.open = async () => Promise.reject(new Failure('MYSQL_HOME', 'Cannot open: this is a test'))
  await expect(deploy({})).rejects.toThrow('this is a test')
  expect([readHold({ directory }), isFlagRaised({ directory })]).toEqual([null, false])
})
