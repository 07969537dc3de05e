import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quietRun } from '../../../base/run.ts'
import { runChild } from '../../../base/spawn.ts'
import type { Framework } from '../../../contract/words.ts'
import { readCode } from '../readCode.ts'
import { configureCode } from './configure.ts'

let base: string
let code: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-settings-')))
  code = join(base, 'releases/000007/code')
  mkdirSync(join(base, 'files/abc'), { recursive: true })
  writeFileSync(join(dirname(makeCode()), 'environment.json'), JSON.stringify({ variables }))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function makeCode(): string {
  mkdirSync(code, { recursive: true })
  return code
}

const variables = {
  DB_HOST: '127.0.0.1',
  DB_PORT: '3307',
  DB_NAME: 'c_1',
  DB_USER: 'r_1',
  DB_PASSWORD: 'p/w:@1',
  DRUPAL_HASH_SALT: 'of the environment',
  PANTHEON_ROLLING_TMP: '/tmp/release-7',
  PANTHEON_DEPLOYMENT_IDENTIFIER: '7',
  PANTHEON_ENVIRONMENT: 'dev',
  FILEMOUNT: 'sites/default/files',
  CAIRN_URL: 'http://dev-shop.localhost:7071',
  CAIRN_CRON_PAUSED: '1',
}

function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(code, name)), { recursive: true })
    writeFileSync(join(code, name), text)
  }
}

/** What real PHP makes of the settings: every variable that they leave, as the framework's own bootstrap includes them. */
async function evaluate(framework: Framework, settings: string, known = {}, before = ''): Promise<Record<string, unknown>> {
  const facts = await readCode(code, framework, join(base, 'files/abc'), known)
  if (facts === null) throw new Error('no site was found')
  configureCode(code, facts, 'files/abc', quietRun())
  const script = `error_reporting(E_ALL); ini_set('display_errors', '1'); $databases = []; $settings = []; $config = []; $conf = [];
    ${before} include '${join(code, settings)}'; echo json_encode(get_defined_vars());`
  const { stdout } = await runChild('php', ['-r', script], { cwd: code })
  return JSON.parse(stdout) as Record<string, unknown>
}

const drupal8 = { 'core/lib/Drupal.php': "<?php class Drupal { const VERSION = '10.3.1'; }", 'index.php': '<?php' }

test("a Drupal gets the environment's database and keeps what is its own", async () => {
  const own = `<?php
$databases['default']['default'] = ['driver' => 'mysql', 'database' => 'x', 'username' => 'x', 'password' => 'x', 'host' => 'db',
  'prefix' => 'd_', 'collation' => 'utf8mb4_swedish_ci', 'namespace' => 'Other', 'unix_socket' => '/x', 'pdo' => [1 => 2]];
$databases['legacy']['default'] = ['driver' => 'mysql', 'database' => 'old'];
$settings['hash_salt'] = 'own';
$settings['trusted_host_patterns'] = ['^www\\.example\\.com$'];
$settings['config_sync_directory'] = '../config/sync';
`
  put({ ...drupal8, 'sites/default/settings.php': own })
  const { databases, settings, config } = await evaluate('drupal8', 'sites/default/settings.php')
  expect(databases).toEqual({
    default: {
      default: {
        ...{ driver: 'mysql', host: '127.0.0.1', port: '3307', username: 'r_1', password: 'p/w:@1', database: 'c_1' },
        ...{ prefix: 'd_', collation: 'utf8mb4_swedish_ci' },
      },
    },
    legacy: { default: { driver: 'mysql', database: 'old' } },
  })
  expect(settings).toMatchObject({
    hash_salt: 'own',
    config_sync_directory: '../config/sync',
    trusted_host_patterns: [String.raw`^dev\-shop\.localhost$`],
    file_public_path: 'sites/default/files',
    deployment_identifier: 'cairn-7',
    php_storage: { twig: { directory: '/tmp/release-7', secret: 'of the environment7' } },
  })
  expect(config).toEqual({ 'automated_cron.settings': { interval: 0 } })
})

test('a Drupal without settings, or with a prefix that the tables do not have, gets what it needs', async () => {
  put(drupal8)
  const { databases, settings } = await evaluate('drupal8', 'sites/default/settings.php', { tablePrefix: "o'd_" })
  expect(databases).toMatchObject({ default: { default: { prefix: "o'd_", database: 'c_1' } } })
  expect(settings).toMatchObject({ hash_salt: 'of the environment' })
})

test('one site directory answers to every address', async () => {
  const own = "<?php $databases['default']['default'] = ['driver' => 'mysql', 'database' => 'x'];"
  put({ ...drupal8, 'sites/example.com/settings.php': own, 'sites/sites.php': "<?php $sites['a'] = 'b'; ?>\n" })
  await evaluate('drupal8', 'sites/example.com/settings.php', { siteDirectory: 'sites/example.com' })
  const host = "$_SERVER['HTTP_HOST'] = 'dev-shop.localhost:7071';"
  const { stdout } = await runChild('php', [
    '-r',
    `${host} include '${join(code, 'sites/sites.php')}'; echo json_encode($sites);`,
  ])
  expect(JSON.parse(stdout)).toEqual({ a: 'b', '7071.dev-shop.localhost': 'example.com' })
})

test('Drupal 7 is not sent to the address, or kept from the cookies, of the source', async () => {
  put({ 'includes/bootstrap.inc': "<?php define('VERSION', '7.105');", 'misc/ajax.js': '', 'index.php': '<?php' })
  put({ 'sites/default/settings.php': "<?php $base_url = 'https://www.example.com'; $cookie_domain = '.example.com';" })
  const found = await evaluate('drupal7', 'sites/default/settings.php')
  expect(found).toMatchObject({
    base_url: 'http://dev-shop.localhost:7071',
    cookie_domain: null,
    drupal_hash_salt: 'of the environment',
    databases: { default: { default: { database: 'c_1', prefix: '' } } },
    conf: { file_public_path: 'sites/default/files', file_private_path: 'sites/default/files/private', cron_safe_threshold: 0 },
  })
})

test("Backdrop's database is an address, and configuration that came with the files is found", async () => {
  put({ 'core/scripts/backdrop.sh': '', 'index.php': '<?php' })
  put({ 'core/includes/bootstrap.inc': "<?php define('BACKDROP_VERSION', '1.28.0');" })
  put({ 'settings.php': "<?php $database = 'mysql://user:pass@localhost/database_name'; $config_directories['staging'] = 'x';" })
  mkdirSync(join(base, 'files/abc/config-active'))
  const told = Object.entries({ ...variables, FILEMOUNT: 'files' }).map(([name, value]) => `putenv('${name}=${value}');`)
  const found = await evaluate('backdrop', 'settings.php', {}, `define('BACKDROP_ROOT', '${code}'); ${told.join(' ')}`)
  expect(found).toMatchObject({
    database: 'mysql://r_1:p%2Fw%3A%401@127.0.0.1:3307/c_1',
    config_directories: { staging: 'x', active: 'files/config-active' },
    settings: { hash_salt: 'of the environment', trusted_host_patterns: [String.raw`^dev\-shop\.localhost(:[0-9]+)?$`] },
    config: { 'system.core': { cron_safe_threshold: 0, file_public_path: 'files', file_private_path: 'files/private' } },
  })
})
