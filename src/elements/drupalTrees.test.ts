import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compileExclude } from '../hosts/local/exclude.ts'
import { walkTree } from '../hosts/local/walk.ts'
import type { TreeSource } from '../hosts/treeSource.ts'
import { elementsOf } from './trees.ts'

let root: string
beforeEach(() => void (root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-drupal-trees-')))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), path)
  }
}
const site = (privateFiles: string, directory = 'default') => ({
  framework: 'drupal8' as const,
  codeRoot: join(root, 'site'),
  docroot: join(root, 'site/web'),
  coreDirectory: join(root, 'site/web'),
  contentDirectory: join(root, 'site/web/sites', directory),
  filesDirectory: join(root, 'site/web/sites', directory, 'files'),
  furtherFiles: [{ at: 'private', directory: join(root, privateFiles) }],
  configFiles: [join(root, 'site/web/sites', directory, 'settings.php')],
})
function held(source: TreeSource): string[] {
  return [...walkTree(source.roots, compileExclude(source.exclude))]
    .filter(({ kind }) => kind !== 'directory')
    .map(({ path }) => path.toString())
}

test.each(['outside', 'site/private', 'site/web/sites/default/files/private'])(
  'private files in "%s" stand under private/ in the files element, and nowhere else',
  (place) => {
    write('site/composer.json', 'site/web/index.php', 'site/web/sites/default/settings.php', 'site/web/sites/default/files/a.png')
    write(`${place}/secret.pdf`, `${place}/backup_migrate/old.gz`, `${place}/styles/thumb.png`)
    const { code, files } = elementsOf(site(place))
    expect(held(code)).toEqual(['composer.json', 'web/index.php', 'web/sites/default/settings.php'])
    expect(held(files).filter((path) => path !== 'private/styles/thumb.png')).toEqual(['a.png', 'private/secret.pdf'])
    expect(code.secretPaths).toEqual(['web/sites/default/settings.php'])
  },
)

test('private files around the public ones are stored once', () => {
  write('site/web/index.php', 'media/public/a.png', 'media/secret.pdf')
  const { files } = elementsOf({ ...site('media'), filesDirectory: join(root, 'media/public') })
  expect(held(files)).toEqual(['a.png', 'private/secret.pdf'])
})

test('what is built again stays out; configuration in the files and security files stay in', () => {
  const inFiles = (path: string): string => `site/web/sites/default/files/${path}`
  write('site/web/index.php', ...['css/a.css', 'js/a.js', 'styles/t/a.png', 'php/twig/x.php'].map(inFiles))
  write(...['.htaccess', 'config_x/sync/system.site.yml', 'deep/css/own.css'].map(inFiles))
  expect(held(elementsOf(site('none')).files)).toEqual(['.htaccess', 'config_x/sync/system.site.yml', 'deep/css/own.css'])
})

test('of several sites on one Drupal the directories of the others stay out, shared code stays in', () => {
  for (const name of ['a.example', 'b.example'])
    write(`site/web/sites/${name}/settings.php`, `site/web/sites/${name}/files/x.png`)
  write('site/web/sites/all/modules/m.module', 'site/web/sites/development.services.yml', 'site/web/sites/sites.php')
  const { code, files } = elementsOf(site('none', 'b.example'))
  expect(held(code)).toEqual([
    'web/sites/all/modules/m.module',
    'web/sites/b.example/settings.php',
    'web/sites/development.services.yml',
    'web/sites/sites.php',
  ])
  expect(held(files)).toEqual(['x.png'])
})

test('two directories under one name are refused instead of one of them lost', () => {
  write('site/web/index.php', 'outside/secret.pdf', 'site/web/sites/default/files/private/other.pdf')
  expect(() => elementsOf(site('outside'))).toThrow(expect.objectContaining({ code: 'PREFLIGHT_REFUSED' }))
})
