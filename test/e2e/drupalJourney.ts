import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { listBackups } from '../../src/backups/list.ts'
import { createLink } from '../../src/backups/links.ts'
import { runChild } from '../../src/base/spawn.ts'
import type { ManagedResult } from '../../src/contract/managedSchemas.ts'
import type { Element } from '../../src/contract/words.ts'
import { listDeployTags } from '../../src/git/deployTags.ts'
import { openSiteRepository } from '../../src/git/siteRepository.ts'
import { openArchive } from '../../src/repository/archiveOut.ts'
import { unpackChunkRef } from '../../src/repository/chunkRef.ts'
import { siteDesk } from '../../src/server/desks/sites.ts'
import { repositoryPath } from '../../src/workflows/managed/putRelease.ts'
import type { ManagedTestHouse } from './managedHouse.ts'
import { type Page, visit } from './visit.ts'

const all: Element[] = ['code', 'files', 'database']

export interface Place {
  site: string
  environment: string
}

export interface JourneyOptions {
  cairn: ManagedTestHouse
  /** Its name; that of the managed site is `my-<name>` */
  name: string
  /** Where the source stands, of which the archives are taken */
  codeRoot: string
  /** Where public files are, relative to the docroot */
  publicPath: string
  /** Front page, content, login and an uploaded image are what they must be, with this title for the first page */
  expectPages(place: Place, title: string): Promise<void>
  /** Somebody signs in, and is known on the next page */
  expectSignIn?(place: Place): Promise<void>
  /** As an editor would: the first page gets this title, and no cache shows the one before */
  rename(place: Place, from: string, to: string): Promise<void>
  firstTitle: string
}

/** A site through its life as a managed one, seen over HTTP after each step, until nothing is left of it but its backups. */
export async function drupalJourney(options: JourneyOptions): Promise<void> {
  const { cairn, name, expectPages, expectSignIn, rename, firstTitle: first } = options
  const site = `my-${name}`
  const [dev, onTest, live] = ['dev', 'test', 'live'].map((environment) => ({ site, environment })) as [Place, Place, Place]
  const finish = <T = ManagedResult>(started: Promise<{ workflow: { id: string } }>): Promise<T> =>
    started.then((it) => cairn.result<T>(it))
  const { journeys, managedJourneys, actor } = cairn

  await siteDesk(cairn.house).attach({ site: name, environment: 'live' }, { path: options.codeRoot }, actor)
  const archives = await archivesOf(cairn, await backUp(cairn, { site: name, environment: 'live' }))
  const made = await finish(managedJourneys.createSite({ site, source: { kind: 'archives', ...archives } }, actor))
  expect(made).toMatchObject({ site, environment: 'dev', release: 1 })
  await expectPages(dev, first)
  await expectSignIn?.(dev)

  const backup = await backUp(cairn, dev)
  await expectHistory(cairn, backup)
  await rename(dev, first, 'Page 8')
  await expectPages(dev, 'Page 8')

  const restored = await finish(journeys.restore(onTest, { backup, elements: all }, actor))
  expect(restored.done).toContain('no mail leaves this environment')
  await expectPages(onTest, first)
  await expectPages(dev, 'Page 8')

  const deployed = await finish(managedJourneys.deploy(live, { note: 'first' }, actor))
  expect(deployed).toMatchObject({ release: 1, commit: restored.commit })
  const tags = await listDeployTags(await openSiteRepository(repositoryPath(cairn.house, site)), 'live')
  expect(tags).toMatchObject([{ commit: restored.commit }])
  await expectPages(live, first)

  await rename(onTest, first, 'Page 7')
  const { filesDirectory } = await cairn.house.sites.find(site, 'test')
  writeFileSync(join(filesDirectory, 'more.txt'), 'more')
  await finish(managedJourneys.clone(onTest, live, { elements: ['database', 'files'] }, actor))
  await expectPages(live, 'Page 7')
  expect((await pageOf(cairn, live, `/${options.publicPath}/more.txt`)).text).toBe('more')

  await finish(managedJourneys.clone(live, dev, { elements: ['database', 'files'] }, actor))
  await expectPages(dev, 'Page 7')
  await expectSignIn?.(dev)

  await finish(managedJourneys.wipe(dev, actor))
  expect(await pageOf(cairn, dev, '/')).toMatchObject({ status: 302, location: expect.stringContaining('install.php') })
  await finish(journeys.undo(dev, actor))
  for (const place of [dev, onTest, live]) await expectPages(place, 'Page 7')

  await finish(managedJourneys.deleteSite({ site }, actor))
  expect(existsSync(join(cairn.house.managed.sitesDirectory, site))).toBe(false)
  const { mysql } = await cairn.house.managed.open()
  expect(await mysql.listOwn(cairn.house.managed.names.prefixes)).toEqual({ schemas: [], accounts: [] })
  expect(await listBackups(cairn.house.store, { ...live, all: false })).not.toEqual([])
}

export async function pageOf({ house }: ManagedTestHouse, { site, environment }: Place, path: string): Promise<Page> {
  return visit(`${(await house.sites.find(site, environment)).url}${path}`)
}

/** Untarred elsewhere the code archive is a work tree with its history, as it came: nothing that Cairn wrote for the release. */
async function expectHistory({ house }: ManagedTestHouse, backup: string): Promise<void> {
  const { elements } = await house.repository.readBackupObject(backup)
  const manifest = await house.repository.loadManifest(unpackChunkRef(Buffer.from(elements.code?.manifest ?? '', 'hex')))
  const to = mkdtempSync(join(tmpdir(), 'cairn-untarred-'))
  try {
    const tar = join(to, 'code.tar.gz')
    for await (const piece of openArchive(house.repository, manifest).read()) appendFileSync(tar, piece)
    mkdirSync(join(to, 'code'))
    await runChild('tar', ['-xzf', tar, '-C', join(to, 'code'), '--no-same-owner'])
    const git = async (...args: string[]): Promise<string> =>
      (await runChild('git', ['-c', 'safe.directory=*', '-C', join(to, 'code'), ...args])).stdout
    await git('fsck', '--strict')
    expect((await git('log', '--oneline')).trim().split('\n')).toHaveLength(1)
    expect(await git('status', '--porcelain', '--ignored')).toBe('')
  } finally {
    rmSync(to, { recursive: true })
  }
}

async function backUp(cairn: ManagedTestHouse, place: Place): Promise<string> {
  const taken = await cairn.journeys.backup(place, { elements: all }, cairn.actor)
  return (await cairn.result<{ backup: string }>(taken)).backup
}

/** Links as somebody would download the archives by, and hand them to the Importer. */
async function archivesOf({ house, actor }: ManagedTestHouse, backup: string): Promise<Record<Element, { url: string }>> {
  const links = all.map(async (element) => {
    const { token, link } = await createLink(house.store, { backup, element, actor })
    return [element, { url: `http://cairn.test/download/${token}/${link.file_name}` }] as const
  })
  return Object.fromEntries(await Promise.all(links)) as Record<Element, { url: string }>
}
