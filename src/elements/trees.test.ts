import { chownSync, lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compileExclude } from '../hosts/local/exclude.ts'
import type { TreeSource } from '../hosts/treeSource.ts'
import { walkTree } from '../hosts/local/walk.ts'
import { codeRootOf, elementsOf, filesRootsOf } from './trees.ts'

let root: string
beforeEach(() => void (root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-trees-')))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), path)
  }
}
const site = (at = 'site', more = {}) => ({
  framework: 'wordpress' as const,
  docroot: join(root, at),
  furtherFiles: [],
  codeRoot: join(root, at),
  coreDirectory: join(root, at),
  contentDirectory: join(root, at, 'wp-content'),
  filesDirectory: join(root, at, 'wp-content/uploads'),
  configFiles: [join(root, at, 'wp-config.php')],
  ...more,
})
/** The paths of ordinary files and links that the element holds. */
function held(source: TreeSource): string[] {
  if (source.roots.length === 0) return []
  return [...walkTree(source.roots, compileExclude(source.exclude))]
    .filter(({ kind }) => kind !== 'directory')
    .map(({ path }) => path.toString())
}

test('code is everything but the files directory; files are what is in it', () => {
  write(
    'site/index.php',
    'site/.git/HEAD',
    'site/wp-config.php',
    'site/wp-content/plugins/a.php',
    'site/wp-content/uploads/2024/a.png',
    'site/.htaccess',
  )
  const { code, files, configOutside } = elementsOf(site())
  expect(held(code)).toEqual(['.git/HEAD', '.htaccess', 'index.php', 'wp-config.php', 'wp-content/plugins/a.php'])
  expect(held(files)).toEqual(['2024/a.png'])
  expect(code.secretPaths).toEqual(['wp-config.php'])
  expect(configOutside).toEqual([])
})

test('rebuilt folders and archives of other tools stay out, things of a like name stay in', () => {
  write(
    'site/wp-content/cache/a',
    'site/wp-content/updraft/b.zip',
    'site/wp-content/debug.log',
    'site/wp-content/upgrade/x',
    'site/.maintenance',
  )
  write(
    'site/wp-content/plugins/cache/a.php',
    'site/wp-content/w3tc-config/master.php',
    'site/cache/own.php',
    'site/wp-content/plugins/x/debug.log',
  )
  write(
    'site/wp-content/uploads/backupbuddy_backups/b.zip',
    'site/wp-content/uploads/2024/cache/a.png',
    'site/wp-content/uploads/woocommerce_uploads/.htaccess',
  )
  const { code, files } = elementsOf(site())
  expect(held(code)).toEqual([
    'cache/own.php',
    'wp-content/plugins/cache/a.php',
    'wp-content/plugins/x/debug.log',
    'wp-content/w3tc-config/master.php',
  ])
  expect(held(files)).toEqual(['2024/cache/a.png', 'woocommerce_uploads/.htaccess'])
  expect(code.exclude.every(({ reason }) => reason !== '')).toBe(true)
})

test('a configuration above the code root is in no archive and is told', () => {
  write('wp-config.php', 'site/index.php')
  const above = join(root, 'wp-config.php')
  expect(elementsOf(site('site', { configFiles: [above, join(root, 'missing.php')] }))).toMatchObject({
    code: { secretPaths: [] },
    configOutside: [above],
  })
})

test('a files directory behind a link is read where it is, and the link stays in the code', () => {
  write('site/index.php', 'shared/uploads/a.png')
  mkdirSync(join(root, 'site/wp-content'))
  symlinkSync(join(root, 'shared/uploads'), join(root, 'site/wp-content/uploads'))
  const { code, files } = elementsOf(site())
  expect(held(code)).toEqual(['index.php', 'wp-content/uploads'])
  expect(files.roots).toEqual([{ directory: join(root, 'shared/uploads'), at: '' }])
  expect(held(files)).toEqual(['a.png'])
})

test('a code root behind a link is followed anew each time', () => {
  write('releases/1/wp-config.php', 'releases/2/wp-config.php', 'releases/2/wp-content/uploads/a.png')
  symlinkSync('releases/1', join(root, 'current'))
  expect(elementsOf(site('current')).code.roots[0]?.directory).toBe(join(root, 'releases/1'))
  rmSync(join(root, 'current'))
  symlinkSync('releases/2', join(root, 'current'))
  const { code, files } = elementsOf(site('current'))
  expect(code.roots[0]?.directory).toBe(join(root, 'releases/2'))
  expect(held(code)).toEqual(['wp-config.php'])
  expect(held(files)).toEqual(['a.png'])
})

test('a files directory that does not exist yet gives an empty element', () => {
  write('site/index.php')
  expect(elementsOf(site()).files.roots).toEqual([])
})

test('a link that leads nowhere is no files directory', () => {
  write('site/index.php', 'site/wp-content/index.php')
  symlinkSync('gone', join(root, 'site/wp-content/uploads'))
  expect(elementsOf(site()).files.roots).toEqual([])
})

test.runIf(process.getuid?.() === 0)('a link that the user of the site made to what is not theirs is refused', () => {
  write('site/index.php', 'site/wp-content/index.php', 'victim/shadow', 'shared/a.png', 'releases/7/index.php')
  const uploads = join(root, 'site/wp-content/uploads')
  const link = (target: string, path = uploads, uid = 33): void => {
    rmSync(path, { force: true })
    symlinkSync(target, path)
    lchownSync(path, uid, uid)
  }
  const refused = expect.objectContaining({ code: 'PREFLIGHT_REFUSED', message: expect.stringContaining('/victim') })
  link(join(root, 'victim'))
  expect(() => elementsOf(site())).toThrow(refused)
  expect(() => filesRootsOf(site())).toThrow(refused) // where a restore writes
  link(join(root, 'shared'))
  chownSync(join(root, 'shared'), 33, 33)
  expect(held(elementsOf(site()).files)).toEqual(['a.png'])
  link('victim', join(root, 'current'))
  expect(() => codeRootOf(site('current'))).toThrow(refused)
  chownSync(join(root, 'releases/7'), 4242, 4242)
  link('releases/7', join(root, 'current'), 4242)
  expect(held(elementsOf(site('current')).code)).toEqual(['index.php'])
})
