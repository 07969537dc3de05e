import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'
import { makeUploads, type Upload } from './uploads.ts'

const builds = join(import.meta.dirname, '../../node_modules/@wp-playground/wordpress-builds')
const folders = {
  '6.2': 'wp-6.2',
  '6.3': 'wp-6.3',
  '6.4': 'wp-6.4',
  '6.5': 'wp-6.5',
  '6.6': 'wp-beta',
  '6.7': 'wp-nightly',
} as const
export type WordPressVersion = keyof typeof folders

export interface WordPressOptions {
  version: WordPressVersion
  /** The code root; made when missing, must be empty */
  directory: string
  mariadb: { socket: string; port: number; admin(sql: string): Promise<unknown> }
  /** Name of the schema; an account of the same name with rights to this schema alone is made too */
  database: string
  url: string
  /** @default {0} */
  posts?: number
  /** How many images to put into the media library @default {0} */
  uploads?: number
  /** @default {80000} */
  uploadBytes?: number
  /** Without most of what only browsers ask for: a third of the files and most of the bytes, and every page's PHP as it is @default {false} */
  light?: boolean
  /** Who owns the files, when the caller is root: a user and group of this name, or ids @default {'www-data'} */
  owner?: string
}

export interface WordPress {
  directory: string
  uploads: string
  url: string
  version: string
  database: DatabaseCredentials
  tablePrefix: string
  admin: { user: string; password: string }
}

/** Installs a real WordPress, without network: code from the npm package, tables by WordPress's own installer. */
export async function installWordPress(options: WordPressOptions): Promise<WordPress> {
  const { directory, mariadb, url, owner = 'www-data' } = options
  await unpackWordPress(options.version, directory, options.light)
  const database = await makeDatabase(mariadb, options.database)
  writeFileSync(join(directory, 'wp-config.php'), configText(database), { mode: 0o640 })
  const uploads = join(directory, 'wp-content/uploads')
  mkdirSync(uploads, { recursive: true })
  const made = makeUploads(uploads, options.uploads ?? 0, options.uploadBytes ?? 80_000)
  const version = await runInstaller({ directory, url, posts: options.posts ?? 0, uploads: made })
  if (process.getuid?.() === 0) await runChild('chown', ['-R', `${owner}:${owner}`, directory])
  return { directory, uploads, url, version, database, tablePrefix: 'wp_', admin: { user: 'admin', password: 'adminpw' } }
}

/** Lays WordPress's code into an empty directory: static files first, the zip over them, without the SQLite drop-in. */
export async function unpackWordPress(version: WordPressVersion, directory: string, light = false): Promise<void> {
  mkdirSync(directory, { recursive: true })
  if (readdirSync(directory).length > 0) throw new Error(`"${directory}" is not empty`)
  const folder = folders[version]
  const still = join(builds, 'public', folder)
  if (existsSync(still)) cpSync(still, directory, { recursive: true })
  await runChild('unzip', ['-oq', join(builds, 'src/wordpress', `${folder}.zip`), '-d', directory])
  for (const name of [
    'wp-content/database',
    'wp-content/db.php',
    'wp-content/mu-plugins',
    'wp-content/plugins/sqlite-database-integration',
    'wp-config.php',
    '.default_theme',
  ]) {
    rmSync(join(directory, name), { recursive: true, force: true })
  }
  rmSync(join(directory, 'wordpress-remote-asset-paths'), { force: true })
  if (light) leaveOutStatics(directory)
}

function leaveOutStatics(directory: string): void {
  const inside = (folder: string): string[] =>
    readdirSync(join(directory, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name))
  const assets = inside('wp-content/themes').map((theme) => join(theme, 'assets'))
  // pages read files of wp-includes/js itself, not of its folders
  const folders = [...inside('wp-includes/js'), 'wp-includes/images', 'wp-admin/js', 'wp-admin/css', 'wp-admin/images', ...assets]
  for (const name of folders) rmSync(join(directory, name), { recursive: true, force: true })
}

async function makeDatabase(mariadb: WordPressOptions['mariadb'], name: string): Promise<DatabaseCredentials> {
  if (!/^[a-z0-9_]{1,60}$/.test(name)) throw new Error(`"${name}" is no name for a test database`)
  const password = randomBytes(12).toString('hex')
  await mariadb.admin(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`)
  await mariadb.admin(`CREATE OR REPLACE USER '${name}'@'localhost' IDENTIFIED BY '${password}'`)
  await mariadb.admin(`CREATE OR REPLACE USER '${name}'@'127.0.0.1' IDENTIFIED BY '${password}'`)
  await mariadb.admin(`GRANT ALL ON \`${name}\`.* TO '${name}'@'localhost'`)
  await mariadb.admin(`GRANT ALL ON \`${name}\`.* TO '${name}'@'127.0.0.1'`)
  return { host: 'localhost', port: null, socket: mariadb.socket, user: name, password, database: name, charset: 'utf8mb4' }
}

/** As WordPress writes it, with fresh salts, and without anything that would reach for the network. */
function configText(database: DatabaseCredentials): string {
  const keys = ['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'].flatMap((name) => [`${name}_KEY`, `${name}_SALT`])
  return `<?php
/** The name of the database for WordPress */
define( 'DB_NAME', '${database.database}' );
define( 'DB_USER', '${database.user}' );
define( 'DB_PASSWORD', '${database.password}' );
define( 'DB_HOST', 'localhost:${database.socket}' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );

${keys.map((key) => `define( '${key}', '${randomBytes(32).toString('base64')}' );`).join('\n')}

$table_prefix = 'wp_';

define( 'WP_DEBUG', false );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );

/* That's all, stop editing! Happy publishing. */
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`
}

async function runInstaller(input: { directory: string; url: string; posts: number; uploads: Upload[] }): Promise<string> {
  const script = join(import.meta.dirname, 'wordpressInstall.php')
  const limits = ['-d', 'memory_limit=512M', '-d', 'display_errors=stderr']
  const { stdout } = await runChild('php', [...limits, script], { input: JSON.stringify(input) })
  const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { version: string; posts: number }
  if (answer.posts < input.posts) throw new Error(`only ${answer.posts} of ${input.posts} posts were made`)
  return answer.version
}
