import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quietRun } from '../../../base/run.ts'
import type { Framework } from '../../../contract/words.ts'
import { readCode } from '../readCode.ts'
import { configureCode } from './configure.ts'
import { withAssignment, withInclude } from './phpText.ts'

let base: string
let code: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-configure-')))
  code = join(base, 'releases/000001/code')
  mkdirSync(code, { recursive: true })
  mkdirSync(join(base, 'files/abc'), { recursive: true })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function put(path: string, text = '<?php\n'): void {
  mkdirSync(dirname(join(code, path)), { recursive: true })
  writeFileSync(join(code, path), text)
}

const read = (path: string): string => readFileSync(join(code, path), 'utf8')

function putWordPress(root = ''): void {
  for (const name of ['wp-settings.php', 'wp-load.php', 'index.php']) put(join(root, name))
  put(join(root, 'wp-includes/version.php'), "<?php\n$wp_version = '6.5.5';\n")
  put(join(root, 'wp-content/index.php'))
}

function putDrupal(root = ''): void {
  put(join(root, 'core/lib/Drupal.php'), "<?php class Drupal { const VERSION = '10.3.1'; }\n")
  put(join(root, 'index.php'))
  put(join(root, 'sites/default/default.settings.php'))
}

async function configure(framework: Framework, known: Parameters<typeof readCode>[3] = {}) {
  const facts = await readCode(code, framework, join(base, 'files/abc'), known)
  if (facts === null) throw new Error('no site was found')
  const run = quietRun()
  const { made: derived, touched } = configureCode(code, facts, 'files/abc', run)
  return { facts, derived, touched, warnings: run.warnings }
}

test('WordPress without a configuration gets one, and a link straight to its files', async () => {
  putWordPress()
  const { derived, facts } = await configure('wordpress', { tablePrefix: 'x_' })
  expect(derived).toEqual(['wp-content/uploads', 'wp-config.php'])
  expect(readlinkSync(join(code, 'wp-content/uploads'))).toBe('../../../../files/abc')
  expect(realpathSync(join(code, 'wp-content/uploads'))).toBe(join(base, 'files/abc'))
  expect(read('wp-config.php')).toContain("$table_prefix = 'x_';")
  expect(facts.filesPath).toBe('wp-content/uploads')
})

test("WordPress's own configuration stays word for word, but for a prefix that the tables do not have", async () => {
  putWordPress('web')
  const config = "<?php\ndefine('DB_NAME', 'elsewhere');\n$table_prefix  = 'wp_'; // caf\u00e9\nrequire_once 'wp-settings.php';\n"
  put('web/wp-config.php', config)
  expect((await configure('wordpress', { tablePrefix: 'wp_' })).derived).toEqual(['web/wp-content/uploads'])
  expect(read('web/wp-config.php')).toBe(config)
  await configure('wordpress', { tablePrefix: "o'x_" })
  expect(read('web/wp-config.php')).toBe(config.replace("= 'wp_'", String.raw`= 'o\'x_'`))
  expect(readlinkSync(join(code, 'web/wp-content/uploads'))).toBe('../../../../../files/abc')
})

test('uploads are where the database has them, unless the code says it in words', async () => {
  putWordPress('web')
  expect((await configure('wordpress', { filesAt: 'assets/media' })).derived).toContain('web/assets/media')
  put('web/wp-config.php', "<?php\ndefine('UPLOADS', 'own');\n$table_prefix = 'wp_';\n")
  expect((await configure('wordpress', { filesAt: 'assets/media' })).derived).toEqual(['web/own'])
  expect((await configure('wordpress')).facts).toMatchObject({ filesPath: 'own', filesAt: null })
})

test('uploads that stand in the code give way to the files, and that is said', async () => {
  putWordPress()
  put('wp-content/uploads/2020/a.jpg')
  const { warnings } = await configure('wordpress')
  expect(warnings).toMatchObject([{ code: 'FILES_IN_CODE', path: 'wp-content/uploads' }])
  expect(readlinkSync(join(code, 'wp-content/uploads'))).toBe('../../../../files/abc')
})

test('uploads in an unusual place are honoured, also those of a network from before WordPress 3.5', async () => {
  putWordPress()
  put('wp-config.php', "<?php define('UPLOADS', 'media'); define('MULTISITE', true); $table_prefix = 'wp_';")
  mkdirSync(join(base, 'files/abc/blogs.dir'))
  const { derived, facts } = await configure('wordpress')
  expect(facts.framework).toBe('wordpress_network')
  expect(derived).toEqual(['media', 'wp-content/blogs.dir'])
  expect(readlinkSync(join(code, 'wp-content/blogs.dir'))).toBe('../../../../files/abc/blogs.dir')
})

test('nothing is written through links of the code', async () => {
  putWordPress()
  mkdirSync(join(base, 'outside'))
  rmSync(join(code, 'wp-content'), { recursive: true })
  symlinkSync(join(base, 'outside'), join(code, 'wp-content'))
  await expect(configure('wordpress')).rejects.toMatchObject({ code: 'PREFLIGHT_REFUSED' })
  expect(existsSync(join(base, 'outside/uploads'))).toBe(false)
})

test('settings.php that is a link outside is refused, one inside is followed', async () => {
  putDrupal('web')
  writeFileSync(join(base, 'secret.php'), '<?php // of somebody else')
  symlinkSync('../../../../../../secret.php', join(code, 'web/sites/default/settings.php'))
  await expect(configure('drupal8')).rejects.toMatchObject({ code: 'PREFLIGHT_REFUSED' })
  rmSync(join(code, 'web/sites/default/settings.php'))
  put('config/settings.php', '<?php $settings["x"] = 1;')
  symlinkSync('../../../config/settings.php', join(code, 'web/sites/default/settings.php'))
  await configure('drupal8')
  expect(read('config/settings.php')).toContain('settings.cairn.php')
  expect(readFileSync(join(base, 'secret.php'), 'utf8')).toBe('<?php // of somebody else')
})

test("Drupal's settings get one include at their end, once", async () => {
  putDrupal('web')
  put('web/sites/default/settings.php', "<?php\n$settings['hash_salt'] = 'own';\n")
  const { derived } = await configure('drupal8')
  expect(derived).toEqual(['web/sites/default/files', 'web/sites/default/settings.cairn.php'])
  const once = read('web/sites/default/settings.php')
  await configure('drupal8')
  expect(read('web/sites/default/settings.php')).toBe(once)
  expect(once.startsWith("<?php\n$settings['hash_salt'] = 'own';\n")).toBe(true)
  expect(once.match(/include __DIR__/g)).toHaveLength(1)
  expect(read('web/sites/default/settings.cairn.php')).toContain("__DIR__ . '/../../../../environment.json'")
})

test('what is not as the commit has it is told: made, changed, and directories on the way', async () => {
  putDrupal('web')
  rmSync(join(code, 'web/sites/default'), { recursive: true })
  put('web/sites/default/settings.php', '<?php\n')
  expect((await configure('drupal8')).touched.toSorted()).toEqual(
    ['files', 'settings.cairn.php', 'settings.php'].map((name) => `web/sites/default/${name}`),
  )
  rmSync(join(code, 'web/sites'), { recursive: true })
  expect((await configure('drupal8')).touched).toEqual(expect.arrayContaining(['web/sites', 'web/sites/default']))
})

test('the only site of a Drupal answers to every address', async () => {
  putDrupal()
  put('sites/example.com/settings.php', "<?php $databases['default']['default'] = ['driver' => 'mysql', 'database' => 'x'];")
  const { derived, facts } = await configure('drupal8', { siteDirectory: 'sites/example.com' })
  expect(facts.contentDirectory).toBe('sites/example.com')
  expect(derived).toEqual([
    'sites/example.com/files',
    'sites/example.com/settings.cairn.php',
    'sites/sites.php',
    'sites/sites.cairn.php',
  ])
  expect(read('sites/sites.cairn.php')).toContain("= 'example.com';")
})

test('Drupal 7 and Backdrop without settings get some', async () => {
  for (const name of ['includes/bootstrap.inc', 'misc/ajax.js']) put(name, "<?php define('VERSION', '7.105');")
  put('index.php')
  expect((await configure('drupal7', { tablePrefix: 'd_' })).derived).toEqual([
    'sites/default/files',
    'sites/default/settings.cairn.php',
    'sites/default/settings.php',
  ])
  expect(read('sites/default/settings.cairn.php')).toContain("'prefix' => 'd_'")
  rmSync(code, { recursive: true })
  put('core/scripts/backdrop.sh')
  put('core/includes/bootstrap.inc', "<?php define('BACKDROP_VERSION', '1.28.0');")
  put('index.php')
  put('settings.php', "<?php $database = 'mysql://user:pass@localhost/database_name';")
  expect((await configure('backdrop')).derived).toEqual(['files', 'settings.cairn.php'])
})

test('code that holds no site is left as it is', async () => {
  put('readme.txt')
  expect(await readCode(code, 'wordpress', join(base, 'files/abc'), {})).toBe(null)
})

test('an include is added in PHP whatever the file ends with', () => {
  const ends = ['<?php $a = 1;', '<?php $a = 1; ?>', '<?php $a = 1; ?>\n\n', '', '<?php $a = "?>";', '<?php // ?>', '<?php /* a']
  const inHtml = ends.map((text) => withInclude(text, 'x.php').slice(text.trimEnd().length).includes('<?php'))
  expect(inHtml).toEqual([false, true, true, true, false, true, false])
})

test('only a plain assignment is changed, and the last one', () => {
  expect(withAssignment("<?php $p = 'a'; // $p = 1;\n$p='b';", 'p', 'c')).toBe("<?php $p = 'a'; // $p = 1;\n$p= 'c';")
  expect(withAssignment("<?php if ($p == 'a') echo '$p = 1;';", 'p', 'c')).toBe(null)
})
