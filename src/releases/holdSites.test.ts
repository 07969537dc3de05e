import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { elementsOf } from '../elements/trees.ts'
import { microseconds, onEachChange } from '../hosts/local/changes.ts'
import { quietRun } from '../base/run.ts'
import { holdRequests } from './hold.ts'
import { holdSites, letSitesIn } from './holdSites.ts'

let root: string
const at = (name: string): string => join(root, 'sites', name)
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-hold-')))
  mkdirSync(join(root, 'sites/default'), { recursive: true })
  writeFileSync(at('default/settings.php'), '<?php')
})
afterEach(() => {
  onEachChange(null)
  rmSync(root, { recursive: true, force: true })
})

/** Names, inodes, times and contents: what must be again as it was. */
function photograph(): unknown {
  const files = readdirSync(join(root, 'sites')).toSorted()
  return [
    microseconds(lstatSync(join(root, 'sites'), { bigint: true }).mtimeNs),
    ...files.map((name) => {
      const { ino, mode, uid, mtimeNs } = lstatSync(at(name), { bigint: true })
      return [name, ino, mode, uid, microseconds(mtimeNs), lstatSync(at(name)).isFile() ? readFileSync(at(name), 'utf8') : '']
    }),
  ]
}

describe.each([
  ['a site without sites.php', null],
  ['a site with its own sites.php', "<?php\n$sites['a.example'] = 'default';\n"],
])('%s', (_name, own) => {
  beforeEach(() => {
    if (own !== null) writeFileSync(at('sites.php'), own)
    utimesSync(join(root, 'sites'), 1_700_000_000, 1_700_000_000)
  })

  test('is held, and then exactly as before', async () => {
    const before = photograph()
    expect(await holdSites(root)).toBe('held')
    expect(await holdSites(root)).toBe('held')
    expect(readFileSync(at('sites.php'), 'utf8')).toContain('503 Service Unavailable')
    await letSitesIn(root)
    await letSitesIn(root)
    expect(photograph()).toEqual(before)
  })

  test('killed before any change of either, it is let in by the next attempt', async () => {
    const before = photograph()
    for (let killedAt = 1; ; killedAt++) {
      let count = 0
      onEachChange(() => {
        if (++count === killedAt) throw new Error('killed')
      })
      const ended = await holdSites(root)
        .then(() => letSitesIn(root))
        .then(
          () => true,
          () => false,
        )
      onEachChange(null)
      await letSitesIn(root)
      expect(photograph(), `killed before change ${killedAt}`).toEqual(before)
      if (ended) break
    }
  })

  test('what holds it is no part of a backup, and what it holds back is', async () => {
    const environment = {
      framework: 'drupal8' as const,
      codeRoot: root,
      docroot: root,
      coreDirectory: root,
      contentDirectory: at('default'),
      filesDirectory: at('default/files'),
      furtherFiles: [],
      configFiles: [],
    }
    const left = (): string[] => elementsOf(environment).code.exclude.flatMap(({ path }) => path ?? [])
    expect(left()).not.toContain('sites/sites.php')
    await holdSites(root)
    expect(left()).toEqual(expect.arrayContaining(['sites/sites.php', 'sites/cairn-kept-sites.php']))
    await letSitesIn(root)
  })
})

test('where there is no directory "sites", a warning says that requests were not held', async () => {
  rmSync(join(root, 'sites'), { recursive: true })
  const run = quietRun()
  await holdRequests({ framework: 'backdrop', coreDirectory: root }, null, run)
  expect(run.warnings.map(({ code }) => code)).toEqual(['REQUESTS_NOT_HELD'])
  expect(existsSync(join(root, 'sites'))).toBe(false)
})
