import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RepositoryKeys } from '../../repository/keys.ts'
import { readConfigOutside } from '../backup/configOutside.ts'
import type { House } from '../house.ts'
import { factsOf } from './facts.ts'

test('a backup says which configuration stood above its code: no archive holds that', async () => {
  const keys = new RepositoryKeys({ repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', master: Buffer.alloc(32, 7) })
  const directory = mkdtempSync(join(tmpdir(), 'cairn-facts-'))
  const config = join(directory, 'wp-config.php')
  writeFileSync(config, '<?php')
  const facts = { framework: 'wordpress', url: null, tablePrefix: 'wp_' }
  const of = (sealedConfig: string | null) => {
    const repository = { keys, readBackupObject: async () => ({ facts, environmentId: 'e', sealedConfig }) }
    return factsOf({ repository } as unknown as House, 'a backup')
  }
  expect(await of(readConfigOutside(keys, [config]))).toEqual({ ...facts, environmentId: 'e', configOutside: [config] })
  expect(await of(null)).toMatchObject({ configOutside: [] })
  rmSync(directory, { recursive: true })
})
