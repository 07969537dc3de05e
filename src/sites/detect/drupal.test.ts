import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseEnvironmentName, parseSiteName } from '../names.ts'
import { type DetectOverrides, type Detection, detectSite } from './detectSite.ts'
import { environmentFrom } from './environmentFrom.ts'

let root: string
beforeEach(() => void (root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-drupal-')))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (path: string): string => join(root, path)
function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), content)
  }
}
const attach = (detection: Detection) =>
  environmentFrom(detection, { site: parseSiteName('club'), name: parseEnvironmentName('live') })
const databases = (more = '', name = 'club'): string =>
  `$databases['default']['default'] = ['database' => '${name}', 'username' => 'drupal', 'password' => 's3cret', 'host' => 'db', 'port' => '3307', 'driver' => 'mysql', 'prefix' => '', ${more}];`

const drupal8 = (docroot = ''): void =>
  write({ [join(docroot, 'core/lib/Drupal.php')]: `<?php class Drupal { const VERSION = '10.3.1'; }` })
const drupal7 = (): void =>
  write({ 'includes/bootstrap.inc': `<?php define('VERSION', '7.105');`, 'misc/ajax.js': '', 'sites/all/modules/README.txt': '' })
const backdrop = (): void =>
  write({
    'core/scripts/backdrop.sh': '',
    'core/includes/bootstrap.inc': `<?php define('BACKDROP_VERSION', '1.28.0');`,
  })

describe('Drupal 8 and later', () => {
  test.each(['', 'web', 'docroot'])('in "%s": settings with includes, files, private files, configuration', async (docroot) => {
    drupal8(docroot)
    write({
      [join(docroot, 'sites/default/settings.php')]: `<?php
        /** comment */
        $databases = [];
        $settings['hash_salt'] = 'salt';
        $settings['file_private_path'] = '../private';
        if (file_exists($app_root . '/' . $site_path . '/settings.local.php')) { include $app_root . '/' . $site_path . '/settings.local.php'; }
        $config['system.performance']['css']['preprocess'] = TRUE;`,
      [join(docroot, 'sites/default/settings.local.php')]:
        `<?php ${databases(`'pdo' => [PDO::ATTR_TIMEOUT => 2], 'init_commands' => ['isolation_level' => 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED']`)}
        $settings['config_sync_directory'] = '../config/sync';`,
      [join(docroot, 'sites/default/services.yml')]: '',
    })
    const found = await detectSite(root)
    expect(found).toMatchObject({
      framework: 'drupal8',
      version: '10.3.1',
      docroot: docroot === '' ? root : at(docroot),
      contentDirectory: at(join(docroot, 'sites/default')),
      filesDirectory: at(join(docroot, 'sites/default/files')),
      configFiles: [at(join(docroot, 'sites/default/settings.php')), at(join(docroot, 'sites/default/settings.local.php'))],
      tablePrefix: '',
      refusal: null,
      notes: [],
    })
    expect({ ...found.database }).toEqual({
      host: 'db',
      port: 3307,
      socket: null,
      user: 'drupal',
      password: 's3cret',
      database: 'club',
    })
    const above = join(at(docroot), '..')
    // inside the code root configuration is code; outside of it nothing but the files element can hold it
    expect(found.furtherFiles).toEqual([
      { at: 'private', directory: join(above, 'private') },
      ...(docroot === '' ? [{ at: 'config', directory: join(above, 'config/sync') }] : []),
    ])
    expect(attach(found)).toMatchObject({ framework: 'drupal8', furtherFiles: found.furtherFiles })
  })

  test('credentials from the environment: single variables, DATABASE_URL, PRESSFLOW_SETTINGS', async () => {
    drupal8()
    write({
      'sites/default/settings.php': `<?php $databases['default']['default'] = ['database' => getenv('DB'), 'username' => $_ENV['DBUSER'], 'password' => $_SERVER['DBPW'] ?? '', 'host' => 'localhost', 'driver' => 'mysql'];`,
    })
    const blind = await detectSite(root)
    expect(blind.database).toBeNull()
    expect(blind.notes.join(' ')).toContain('"DB"')
    expect(() => attach(blind)).toThrow(expect.objectContaining({ code: 'CREDENTIALS_UNKNOWN' }))
    const told = await detectSite(root, { environment: { DB: 'n', DBUSER: 'u', DBPW: 'p' } })
    expect({ ...told.database }).toMatchObject({ user: 'u', password: 'p', database: 'n' })
    write({
      'sites/default/settings.php': `<?php $databases['default']['default'] = Database::convertDbUrlToConnectionInfo(getenv('DATABASE_URL'), $app_root);`,
    })
    const byUrl = await detectSite(root, {
      environment: { DATABASE_URL: 'mysql://u%40x:p%2Fw@[::1]:3308/my%2Ddb?charset=utf8mb4' },
    })
    expect({ ...byUrl.database }).toMatchObject({ host: '::1', port: 3308, user: 'u@x', password: 'p/w', database: 'my-db' })
    const json = JSON.stringify({
      databases: {
        default: { default: { database: 'pf', username: 'u', password: 'p', host: 'h', port: 13306, driver: 'mysql' } },
      },
    })
    write({ 'sites/default/settings.php': '<?php' })
    const byJson = await detectSite(root, { environment: { PRESSFLOW_SETTINGS: json } })
    expect({ ...byJson.database }).toMatchObject({ host: 'h', port: 13306, database: 'pf' })
  })

  test('another kind of database, and other databases beside the default', async () => {
    drupal8()
    write({
      'sites/default/settings.php': `<?php $databases['default']['default'] = ['database' => 'sites/default/files/.ht.sqlite', 'driver' => 'sqlite', 'username' => '', 'host' => ''];`,
    })
    const lite = await detectSite(root)
    expect(() => attach(lite)).toThrow(/of the kind "sqlite"/)
    write({ 'sites/default/settings.php': `<?php ${databases()} $databases['migrate']['default'] = ['database' => 'old'];` })
    expect((await detectSite(root)).notes.join()).toContain('"migrate"')
  })

  test('attached by its docroot alone, the libraries above it are missed', async () => {
    drupal8('web')
    write({ 'vendor/autoload.php': '', 'web/sites/default/settings.php': `<?php ${databases()}` })
    expect((await detectSite(at('web'))).notes.join()).toContain(`attach "${root}" instead`)
    expect((await detectSite(root)).notes).toEqual([])
  })
})

describe('several sites on one Drupal', () => {
  beforeEach(() => drupal8())
  const settings = (name: string, database: string, more = ''): void =>
    write({ [`sites/${name}/settings.php`]: `<?php ${databases(more, database)}`, [`sites/${name}/files/x`]: '' })

  test('are asked about, and one is attached by itself', async () => {
    settings('a.example', 'a')
    settings('b.example', 'b')
    write({ 'sites/default/settings.php': '<?php $databases = [];' }) // as it came
    await expect(detectSite(root)).rejects.toMatchObject({
      code: 'CMS_AMBIGUOUS',
      message: expect.stringContaining('sites/a.example and sites/b.example'),
      hint: expect.stringContaining('--site-directory'),
    })
    for (const siteDirectory of ['b.example', 'sites/b.example']) {
      const found = await detectSite(root, { siteDirectory })
      expect(found).toMatchObject({ contentDirectory: at('sites/b.example'), filesDirectory: at('sites/b.example/files') })
      expect(attach(found).database.database).toBe('b')
      expect(found.notes.join()).toContain('serves sites/a.example, sites/default too')
    }
    await expect(detectSite(root, { siteDirectory: 'c' })).rejects.toMatchObject({ code: 'CMS_NOT_FOUND' })
  })

  test('a link to a site directory is no second site, and an installed one is chosen before an empty one', async () => {
    settings('default', 'a')
    symlinkSync('default', at('sites/a.example'))
    expect((await detectSite(root)).contentDirectory).toBe(at('sites/default'))
  })

  test.each<[string, () => void, RegExp]>([
    [
      'prefixes by table',
      () => settings('default', 'a', `'prefix' => ['default' => 'a_', 'users' => 'shared_']`),
      /"users" have a prefix of their own/,
    ],
    ['a prefix into another database', () => settings('default', 'a', `'prefix' => 'other.'`), /leads into another database/],
    [
      'one database for two sites',
      () => (settings('default', 'a', `'prefix' => 'a_'`), settings('b.example', 'a', `'prefix' => 'b_'`)),
      /also holds the tables of sites\/b\.example \(prefix "b_"\)/,
    ],
  ])('%s is refused with the reason', async (_name, prepare, reason) => {
    prepare()
    const found = await detectSite(root, { siteDirectory: 'default' })
    expect(() => attach(found)).toThrow(
      expect.objectContaining({ code: 'CMS_UNSUPPORTED', message: expect.stringMatching(reason) }),
    )
  })

  test('a list with nothing but the default prefix is one prefix', async () => {
    settings('default', 'a', `'prefix' => ['default' => 'a_']`)
    expect(attach(await detectSite(root))).toMatchObject({ tablePrefix: 'a_' })
  })
})

describe('Drupal 7', () => {
  test('settings, file paths of $conf, an old address', async () => {
    drupal7()
    write({
      'sites/default/settings.php': `<?php
        $databases = array('default' => array('default' => array('database' => 'club', 'username' => 'u', 'password' => '', 'host' => 'localhost', 'driver' => 'mysql', 'prefix' => '')));
        $drupal_hash_salt = 'x'; $base_url = 'http://club.example';
        $conf['file_private_path'] = '/srv/private'; $conf['file_public_path'] = 'media';`,
    })
    expect(await detectSite(root)).toMatchObject({
      version: '7.105',
      url: 'http://club.example',
      filesDirectory: at('media'),
      filesFixed: true,
      furtherFiles: [{ at: 'private', directory: '/srv/private' }],
      tablePrefix: '',
    })
    write({ 'sites/default/settings.php': `<?php $db_url = 'mysqli://u:p@ss@localhost/old'; $db_prefix = 'd_';` })
    const old = await detectSite(root)
    expect({ ...old.database }).toMatchObject({ user: 'u', password: 'p@ss', host: 'localhost', database: 'old' })
    expect(old).toMatchObject({ tablePrefix: 'd_', filesFixed: false, privateFixed: false })
  })

  test('what the host hands over as JSON counts after the settings, as in its bootstrap', async () => {
    drupal7()
    write({ 'sites/default/settings.php': `<?php ${databases()}` })
    const overrides: DetectOverrides = {
      environment: {
        PRESSFLOW_SETTINGS: JSON.stringify({
          databases: { default: { default: { host: 'other' } } },
          conf: { file_private_path: 'p' },
        }),
      },
    }
    const found = await detectSite(root, overrides)
    expect({ ...found.database }).toMatchObject({ host: 'other', user: 'drupal' })
    expect(found.furtherFiles).toEqual([{ at: 'private', directory: at('p') }])
  })
})

describe('Backdrop', () => {
  test('its address of the database, and the configuration in files', async () => {
    backdrop()
    write({
      'settings.php': `<?php
        $database = 'mysql://back:dr%40p@127.0.0.1/drop'; $database_prefix = 'b_';
        $config_directories['active'] = 'files/config_' . md5($database) . '/active';
        $config_directories['staging'] = 'files/config_' . md5($database) . '/staging';
        if (file_exists(__DIR__ . '/settings.local.php')) { include __DIR__ . '/settings.local.php'; }`,
      'settings.local.php': `<?php $config_directories['active'] = '/srv/config/active'; $settings['hash_salt'] = 'x';`,
    })
    const found = await detectSite(root)
    expect({ ...found.database }).toMatchObject({ user: 'back', password: 'dr@p', host: '127.0.0.1', database: 'drop' })
    expect(found).toMatchObject({ contentDirectory: root, filesDirectory: at('files'), tablePrefix: 'b_' })
    expect(found.furtherFiles).toEqual([{ at: 'config-active', directory: '/srv/config/active' }])
    write({ 'settings.local.php': '<?php', 'files/config_0a5ea79f3b5d6a1a7e6ec2bd5d5c1f8a/x': '' })
    const inFiles = await detectSite(root)
    expect(inFiles.furtherFiles).toEqual([])
    expect(inFiles.notes.join()).toMatch(/files\/config_[0-9a-f]{32}\/active" has no system.core.json/)
  })

  test('private files as its active configuration says', async () => {
    backdrop()
    write({
      'settings.php': `<?php $database = 'mysql://u:p@h/d'; $config_directories['active'] = 'files/config_x/active';`,
      'files/config_x/active/system.core.json': JSON.stringify({ file_private_path: '../private', file_public_path: 'files' }),
    })
    const found = await detectSite(root)
    expect(found).toMatchObject({
      filesDirectory: at('files'),
      furtherFiles: [{ at: 'private', directory: join(root, '../private') }],
      notes: [],
    })
  })

  test('as it came it has no database', async () => {
    backdrop()
    write({ 'settings.php': `<?php $database = 'mysql://user:pass@localhost/database_name';` })
    expect((await detectSite(root)).database).toBeNull()
  })
})
