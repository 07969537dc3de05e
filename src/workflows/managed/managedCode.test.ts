import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { createSiteRepository } from '../../git/siteRepository.ts'
import { commitSketch, makePlace, useEachPlace } from '../../git/testing.suite.ts'
import type { Environment } from '../../sites/environment.ts'
import type { House } from '../house.ts'
import { managedCode } from './managedCode.ts'

let place: Awaited<ReturnType<typeof makePlace>>
useEachPlace((made) => void (place = made))

const committed = { 'index.php': 'as committed', 'wp-config.php': '<?php // secret' }

/** An environment whose release changed `index.php`, and wrote a file of its own. */
async function environment(release: object): Promise<{ house: House; environment: Environment; code: string }> {
  const [directory, site] = [join(place.base, 'shop/live'), join(place.base, 'shop')]
  const code = join(directory, 'releases/000001/code')
  mkdirSync(code, { recursive: true })
  const commit = await commitSketch(await createSiteRepository(join(site, 'repository.git')), committed)
  writeFileSync(join(code, 'index.php'), 'as Cairn changed it')
  writeFileSync(join(code, 'wp-config.php'), committed['wp-config.php'])
  writeFileSync(join(code, 'derived.php'), 'by Cairn')
  writeFileSync(join(directory, 'releases/000001/release.json'), JSON.stringify(release))
  return {
    code,
    house: { managed: { sitesDirectory: place.base } } as unknown as House,
    environment: {
      ...{ site: 'shop', name: 'live', codeRoot: code, configFiles: [join(code, 'wp-config.php')] },
      managed: { directory, release: 1, commit },
    } as unknown as Environment,
  }
}

test('the code element is the code of the release, with what Cairn touched as it was committed', async () => {
  const { house, environment: live, code } = await environment({ touched: ['index.php', 'derived.php'] })
  const { tree, close } = await managedCode(house, live, quietRun())
  expect(tree.roots.map(({ at }) => at)).toEqual(['', 'index.php', '.git'])
  expect(tree.roots[0]?.directory).toBe(code)
  expect(readFileSync(tree.roots[1]?.directory ?? '', 'utf8')).toBe('as committed')
  expect(tree.exclude.map((rule) => ('path' in rule ? rule.path : null))).toEqual(['derived.php'])
  close()
})

test('of a release that was prepared before that was kept, everything is read from the commit', async () => {
  const { house, environment: live, code } = await environment({ filesId: 'f', code: null, derived: ['derived.php'] })
  const { tree, close } = await managedCode(house, live, quietRun())
  expect(tree.roots.map(({ at }) => at)).toEqual(['', '.git'])
  const [root = { directory: '' }] = tree.roots
  expect(root.directory).not.toBe(code)
  expect(readFileSync(join(root.directory, 'index.php'), 'utf8')).toBe('as committed')
  expect(existsSync(join(root.directory, 'derived.php'))).toBe(false)
  expect(tree.secretPaths).toEqual(['wp-config.php'])
  close()
  expect(existsSync(root.directory)).toBe(false)
})
