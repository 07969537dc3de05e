import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { bootstrap, frontController } from './drupalBootstrap.ts'
import { databaseOf } from './drupalTables.ts'
import type { TestMariadb } from './mariadb.ts'

export type DrupalKind = 'drupal7' | 'drupal10' | 'backdrop'

export interface DrupalShape {
  kind: DrupalKind
  codeRoot: string
  docroot: string
  settings: string
  files: string
  /** Outside of the docroot */
  privateFiles: string
  /** What PHP compiled or joined below it is no part of the site */
  compiled: string[]
  database: DatabaseCredentials
  prefix: string
}

interface DrupalOptions {
  kind: DrupalKind
  /** Made; `site/` and `private/` come into it */
  directory: string
  mariadb: TestMariadb
  /** Of the schema and its account */
  name: string
  prefix?: string
}

/**
 * What Cairn and PHP take for a Drupal, small: layout, settings, tables and modes as the real ones have them, and a front
 * controller that reads the settings, connects with Drupal's SQL modes and shows content out of tables, files and private
 * files. A careless restore makes it answer 500, or show something else.
 */
export async function makeDrupal({ kind, directory, mariadb, name, prefix = '' }: DrupalOptions): Promise<DrupalShape> {
  const codeRoot = join(directory, 'site')
  const docroot = kind === 'drupal10' ? join(codeRoot, 'web') : codeRoot
  const siteDirectory = kind === 'backdrop' ? docroot : join(docroot, 'sites/default')
  const privateFiles = join(directory, 'private')
  const files = join(siteDirectory, 'files')
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const database: DatabaseCredentials = {
    ...{ host: 'localhost', port: null, socket: mariadb.socket },
    ...{ user: name, password: randomBytes(9).toString('base64url'), database: name },
  }
  for (const [path, text] of Object.entries(codeOf(kind))) put(join(docroot, path), text)
  put(join(docroot, 'index.php'), frontController)
  put(join(docroot, kind === 'drupal7' ? 'includes/shape.inc' : 'core/shape.inc'), bootstrap(kind))
  if (kind === 'drupal10') {
    put(join(codeRoot, 'composer.json'), '{"extra":{"drupal-scaffold":{"locations":{"web-root":"web/"}}}}')
    put(join(codeRoot, 'vendor/autoload.php'), '<?php')
    put(join(siteDirectory, 'services.yml'), 'parameters: {}')
  }
  const config = 'config_' + 'k3'.repeat(16)
  for (const [path, text] of Object.entries(filesOf(kind, config))) put(join(files, path), text)
  for (const path of ['report.pdf', 'deep/er/letter.txt', 'backup_migrate/old.mysql.gz'])
    put(join(privateFiles, path), `private ${path}`)
  if (kind === 'backdrop')
    put(join(files, `${config}/active/system.core.json`), JSON.stringify({ file_private_path: privateFiles }))
  const settings = join(siteDirectory, 'settings.php')
  put(settings, settingsOf(kind, { database, config, privateFiles, prefix }))
  await mariadb.admin(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
    CREATE USER '${name}'@'localhost' IDENTIFIED BY '${database.password}'; GRANT ALL ON \`${name}\`.* TO '${name}'@'localhost'`)
  await mariadb.admin(databaseOf(kind, prefix, privateFiles), name)
  if (process.getuid?.() === 0) await runChild('chown', ['-hR', 'www-data:www-data', codeRoot, privateFiles])
  if (kind === 'drupal10') {
    chmodSync(join(files, 'php/twig/page_AbC'), 0o777)
    chmodSync(join(files, 'php/twig/page_AbC/9f.php'), 0o444)
  }
  chmodSync(settings, 0o444)
  if (kind !== 'backdrop') chmodSync(siteDirectory, 0o555)
  const compiled = ['php', 'css', 'js', 'styles'].map((path) => join(files, path))
  return { kind, codeRoot, docroot, settings, files, privateFiles, compiled, database, prefix }
}

function codeOf(kind: DrupalKind): Record<string, string> {
  const more = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`modules/m${i}/m${i}.module`, `<?php // module ${i}\n`]))
  switch (kind) {
    case 'drupal7':
      return {
        ...more,
        'includes/bootstrap.inc': `<?php define('VERSION', '7.105');`,
        'misc/ajax.js': '',
        'sites/all/modules/views/views.module': '<?php',
      }
    case 'drupal10':
      return { ...more, 'core/lib/Drupal.php': `<?php class Drupal { const VERSION = '10.3.1'; }` }
    case 'backdrop':
      return {
        ...more,
        'core/scripts/backdrop.sh': '',
        'core/includes/bootstrap.inc': `<?php define('BACKDROP_VERSION', '1.28.0');`,
        'sites/sites.php': `<?php\n/** Backdrop comes with one that maps nothing. */\n`,
      }
  }
}

function filesOf(kind: DrupalKind, config: string): Record<string, string> {
  return {
    '.htaccess': 'Deny from all',
    'photo.jpg': 'not really a photo',
    'css/css_1.css': 'a{}',
    'js/js_1.js': ';',
    'styles/thumbnail/photo.jpg': 'smaller',
    [`${config}/sync/system.site.yml`]: 'name: Shape',
    ...(kind === 'backdrop' ? { [`${config}/active/shape.settings.json`]: '{"slogan":"in files"}' } : {}),
    ...(kind === 'drupal10' ? { 'php/.htaccess': 'Deny', 'php/twig/page_AbC/9f.php': '<?php // compiled' } : {}),
  }
}

interface SettingsFacts {
  database: DatabaseCredentials
  config: string
  privateFiles: string
  prefix: string
}

function settingsOf(kind: DrupalKind, { database, config, privateFiles, prefix }: SettingsFacts): string {
  const { user, password, socket } = database
  if (kind === 'backdrop') {
    return `<?php
$database = 'mysql://${user}:${encodeURIComponent(password)}@localhost/${database.database}?unix_socket=${encodeURIComponent(socket ?? '')}';
$database_prefix = '${prefix}';
$config_directories['active'] = 'files/${config}/active';
$settings['hash_salt'] = 'the first salt';
`
  }
  const info = `array('database' => '${database.database}', 'username' => '${user}', 'password' => '${password}', 'host' => 'localhost',
  'unix_socket' => '${socket}', 'driver' => 'mysql', 'prefix' => '${prefix}', 'collation' => 'utf8mb4_general_ci')`
  if (kind === 'drupal7')
    return `<?php\n$databases = array('default' => array('default' => ${info}));\n$drupal_hash_salt = 'the first salt';\n`
  return `<?php
$databases['default']['default'] = ${info};
$settings['hash_salt'] = 'the first salt';
$settings['file_private_path'] = '${privateFiles}';
$settings['config_sync_directory'] = 'sites/default/files/${config}/sync';
if (file_exists($app_root . '/' . $site_path . '/settings.local.php')) {
  include $app_root . '/' . $site_path . '/settings.local.php';
}
`
}
