import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installWordPress } from '../../test/servers/wordpress.ts'
import { startPrivateMariadb } from './mysql/privateMariadb.ts'
import { canUseNamespaces } from './php/confine.ts'
import { openPhpRuntime } from './php/openPhpRuntime.ts'
import { countProcesses, passableDirectory, testEnvironment } from './testing.suite.ts'
import type { BootRequest, PhpRuntime, PrivateMysql } from './types.ts'

const top = passableDirectory('boot')
const run = join(top.path, 'run')
const uid = 200_041
const live = testEnvironment(top.path, 'live', uid, true)
const url = 'http://live-shop.localhost:7071'
const checkSecret = 'check secret of release 1'
const outside = createServer((socket) => socket.end())
const hasNamespaces = await canUseNamespaces()
if (!hasNamespaces) console.warn('SKIPPED: a boot check that reaches no network (this machine allows no namespaces)')
let mysql: PrivateMysql
let runtime: PhpRuntime
let code: string

const signs = {
  frontPath: '/',
  loginPath: '/wp-login.php',
  statuses: [200, 301, 302],
  installerPath: '/wp-admin/install.php',
  failures: ['Error establishing a database connection', 'There has been a critical error on this website'],
}

/** A real WordPress in a release that is not current; a plugin of its writes down where it can get. */
beforeAll(async () => {
  mysql = await startPrivateMariadb({ directory: join(top.path, 'mysql'), log: () => {} })
  runtime = await openPhpRuntime({ directory: run, log: () => {} })
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  const made = join(top.path, 'wp')
  const admin = async (sql: string): Promise<void> => {
    const connection = await mysql.admin()
    await connection.query(sql)
    await connection.close()
  }
  const wordpress = await installWordPress({
    version: '6.5',
    directory: made,
    mariadb: { socket: mysql.socket, port: mysql.port, admin },
    database: 'c_boot',
    url,
    owner: 'root',
  })
  const { user, password } = wordpress.database
  const database = { host: mysql.host, port: mysql.port, name: 'c_boot', user, password, prefix: 'wp_', isEmpty: false }
  code = live.release(1, {}, { database, url })
  rmSync(code, { recursive: true })
  renameSync(made, code)
  rmSync(join(code, 'wp-content/uploads'), { recursive: true })
  chmodSync(join(code, 'wp-config.php'), 0o644)
  symlinkSync('../../../../files/f1', join(code, 'wp-content/uploads'))
  mkdirSync(join(code, 'wp-content/mu-plugins'))
  const { port } = outside.address() as AddressInfo
  plugin(
    'probe',
    `file_put_contents(sys_get_temp_dir() . '/probe', json_encode([
      'network' => @fsockopen('127.0.0.1', ${port}, $code, $words, 2) !== false, 'cron' => DISABLE_WP_CRON, 'host' => DB_HOST,
      'mail' => ini_get('sendmail_path'), 'uid' => posix_getuid(), 'home' => WP_HOME ]));`,
  )
})

afterAll(async () => {
  outside.close()
  await runtime.stop()
  await mysql.stop()
  top.remove()
})

test('a WordPress that is whole boots: without mail and cron, as its own user, its database through a socket', async () => {
  const whole = { ok: true, status: 200, title: expect.any(String), error: null, path: null }
  expect(await boot()).toEqual({ ...whole, isIsolated: hasNamespaces })
  const probe = JSON.parse(readFileSync(join(live.place.directory, 'tmp/probe'), 'utf8'))
  expect(probe).toEqual({
    network: expect.any(Boolean),
    cron: true,
    host: `localhost:${mysql.port}`,
    mail: "/bin/sh -c 'cat >/dev/null'",
    uid,
    home: url,
  })
})

test.skipIf(!hasNamespaces)('it reaches no network, not even this machine', async () => {
  await boot()
  expect(JSON.parse(readFileSync(join(live.place.directory, 'tmp/probe'), 'utf8'))).toMatchObject({ network: false })
})

test('where the machine allows no namespaces it boots all the same, and says that it was not isolated', async () => {
  const plain = await openPhpRuntime({ directory: run, useNamespaces: false, log: () => {} })
  expect(await plain.bootCheck(request())).toMatchObject({ ok: true, isIsolated: false })
  await plain.stop()
})

test('a database server that is somewhere else is reached as well', async () => {
  expect(await boot({ database: { host: mysql.host, port: mysql.port } })).toMatchObject({ ok: true })
})

test.each<[string, string, Partial<Awaited<ReturnType<PhpRuntime['bootCheck']>>>]>([
  [
    'a mistake in the code',
    'nothing_of_this_name();',
    { status: 500, error: expect.stringContaining('undefined function nothing_of_this_name') },
  ],
  ['code that cannot be read', 'echo 1 2;', { error: expect.stringContaining('syntax error') }],
  ['a lack of memory', '$a = str_repeat("x", 1 << 30);', { error: expect.stringContaining('Allowed memory size') }],
  ['a page that never comes', 'while (true) { usleep(1000); }', { status: null, error: 'it does not answer within 3 s' }],
  ['a PHP that dies', 'posix_kill(getmypid(), 9);', { status: null, error: expect.stringMatching(/broke/) }],
  [
    'a login that fails',
    `if (strpos($_SERVER['SCRIPT_NAME'], 'login')) { http_response_code(503); exit; }`,
    { status: 503, path: '/wp-login.php' },
  ],
  [
    'the installer',
    `header('Location: /wp-admin/install.php', true, 302); exit;`,
    { error: expect.stringContaining('installer') },
  ],
])('%s is told', async (_name, php, expected) => {
  plugin('broken', php)
  try {
    const result = await boot({ timeoutSeconds: php.startsWith('while') ? 3 : 60 })
    expect(result).toMatchObject({ ok: false, path: '/', ...expected })
    expect(result.error).not.toContain(top.path)
  } finally {
    rmSync(join(code, 'wp-content/mu-plugins/broken.php'))
  }
})

test('a database that refuses is told, and a release without its configuration', async () => {
  await mysql.lockAccount('c_boot')
  expect(await boot()).toMatchObject({ ok: false, error: expect.stringContaining('Error establishing a database connection') })
  await mysql.unlockAccount('c_boot')
  expect(await boot({ checkSecret: 'another' })).toMatchObject({ ok: false, status: 503 })
})

test('nothing of it stays', () => {
  expect(readdirSync(run)).toEqual([])
  expect(countProcesses(run)).toBe(0)
})

function boot(change: Partial<BootRequest> = {}): ReturnType<PhpRuntime['bootCheck']> {
  return runtime.bootCheck({ ...request(), ...change })
}

function request(): BootRequest {
  const database = { socket: mysql.socket }
  return { place: live.place, code, docroot: '', framework: 'wordpress', checkSecret, url, database, signs }
}

function plugin(name: string, php: string): void {
  writeFileSync(join(code, `wp-content/mu-plugins/${name}.php`), `<?php\n${php}\n`)
}
