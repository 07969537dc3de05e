import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createSiteRepository } from '../git/siteRepository.ts'
import { openIntake } from '../intake/intake.ts'
import { beginHold } from '../releases/managed/hold.ts'
import { isFlagRaised } from '../releases/managed/switchJournal.ts'
import { openCatalogue } from '../sites/catalogue.ts'
import { parseEnvironmentName, parseSiteName } from '../sites/names.ts'
import { startTestState } from '../state/testing.ts'
import { readConfiguration } from './configuration.ts'
import { provideManaged } from './provideManaged.ts'

test('a start lets in whom a dead workflow held off and mends the repository, also while the database server is away', async () => {
  const data = mkdtempSync(join(tmpdir(), 'cairn-provide-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const state = await startTestState()
  onTestFinished(() => state.stop())
  const key = createSecretKey(randomBytes(32))
  const sites = openCatalogue({ db: state.db, key, uidBase: 37_000_000 })
  await sites.createSite({ name: 'shop', framework: 'wordpress' })
  const directory = join(data, 'sites/shop/live')
  mkdirSync(directory, { recursive: true })
  await sites.addManaged({ site: parseSiteName('shop'), name: parseEnvironmentName('live'), directory, url: null })
  beginHold({ directory }, 'dead', 1000)
  const { directory: repository } = await createSiteRepository(join(data, 'sites/shop/repository.git'))
  const halfPack = join(repository, 'objects/pack/tmp_pack_aBcDeF')
  writeFileSync(halfPack, 'PACK')

  const managed = await provideManaged({
    ...{ state, key, sites, ownAddresses: () => [], onDeath: () => {}, log: pino({ level: 'silent' }) },
    configuration: readConfiguration(['--data', data], { CAIRN_MYSQL_URL: 'mysql://nobody:none@127.0.0.1:1/' }),
    intake: openIntake({ db: state.db, directory: join(data, 'intake'), limitBytes: null }),
  })
  onTestFinished(() => managed.stop())
  await expect(managed.recover()).rejects.toThrow()
  expect(isFlagRaised({ directory })).toBe(false)
  expect(existsSync(halfPack)).toBe(false)
})
