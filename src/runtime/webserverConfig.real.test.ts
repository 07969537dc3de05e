import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../../test/servers/ports.ts'
import { findFpm } from './php/findFpm.ts'
import { openPhpRuntime } from './php/openPhpRuntime.ts'
import { passableDirectory, testEnvironment } from './testing.suite.ts'
import type { PhpPool, PhpRuntime } from './types.ts'
import { type WebserverConfig, webserverConfig } from './webserverConfig.ts'

const top = passableDirectory('nginx')
const dev = testEnvironment(top.path, 'dev', 200_051)
const children: ChildProcess[] = []
let config: WebserverConfig
let runtime: PhpRuntime
let pool: PhpPool
let url: string

const page = (release: number): string =>
  `<?php usleep((int) ($_GET['ms'] ?? 0) * 1000); echo json_encode(['release' => ${release}, 'told' => getenv('PANTHEON_DEPLOYMENT_IDENTIFIER'),
  'later' => require __DIR__ . '/later.php', 'uri' => $_SERVER['REQUEST_URI'], 'info' => $_SERVER['PATH_INFO'] ?? '', 'uid' => posix_getuid()]);`
const files = (release: number): Record<string, string> => ({
  'index.php': page(release),
  'later.php': `<?php return ${release};`,
  'wp-admin/index.php': `<?php echo 'admin';`,
  'style.css': 'body {}',
  'composer.json': 'secret',
  'settings.yml': 'secret',
  'old.php.bak': 'secret',
  LICENSE: 'secret',
  '.env': 'secret',
  '.well-known/security.txt': 'mail us',
})

beforeAll(async () => {
  dev.release(1, files(1))
  dev.release(2, files(2), { release: 2 })
  dev.makeCurrent(1)
  dev.upload('photo.jpg', 'a photo')
  dev.upload('shell.php', `<?php echo 'run';`)
  dev.upload('private/contract.pdf', 'secret')
  dev.upload('config_4fd2c1a9/a.json', 'secret')
  layTraps()
  const { program } = await findFpm()
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  config = webserverConfig({
    ...{
      place: dev.place,
      site: 'shop',
      environment: 'dev',
      framework: 'wordpress',
      docroot: '',
      filesPath: 'wp-content/uploads',
    },
    ...{
      serverNames: ['_'],
      listen: `127.0.0.1:${port}`,
      fpmProgram: program,
      runDirectory: join(top.path, 'run'),
      logDirectory: join(top.path, 'log'),
    },
  })
  startPrinted(program)
  runtime = await openPhpRuntime({ directory: join(top.path, 'own-run'), log: () => {} })
  pool = runtime.forEnvironment({ ...dev.place, served: config.served })
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), { timeout: 60_000 })
})

afterAll(async () => {
  await runtime.stop()
  for (const child of children) {
    child.kill('SIGTERM')
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)))
  }
  top.remove()
})

test('what is printed serves the site: front controller, scripts, path info, files', async () => {
  expect(await (await fetch(`${url}/2026/hello/?a=b`)).json()).toEqual({
    ...{ release: 1, told: '1', later: 1, uri: '/2026/hello/?a=b', info: '', uid: 200_051 },
  })
  expect(await (await fetch(`${url}/index.php/node/1`)).json()).toMatchObject({ info: '/node/1' })
  expect(await (await fetch(`${url}/wp-admin/`)).text()).toBe('admin')
  const css = await fetch(`${url}/style.css?ver=1`)
  expect([css.status, css.headers.get('content-type'), await css.text()]).toEqual([200, 'text/css; charset=utf-8', 'body {}'])
  expect(css.headers.get('x-robots-tag')).toBe('noindex, nofollow')
  expect(await (await fetch(`${url}/wp-content/uploads/photo.jpg`)).text()).toBe('a photo')
  expect(await (await fetch(`${url}/.well-known/security.txt`)).text()).toBe('mail us')
  expect((await fetch(`${url}/wp-content/uploads/missing.jpg`)).status).toBe(200) // of the site, which makes it
  expect((await fetch(`${url}/install`)).status).toBe(200) // an address of the site, not a source
})

test.each([
  '/.env',
  '/composer.json',
  '/settings.yml',
  '/old.php.bak',
  '/LICENSE',
  '/wp-content/uploads/shell.php',
  '/wp-content/uploads/shell.php/x',
  '/wp-content/uploads/private/contract.pdf',
  '/wp-content/uploads/config_4fd2c1a9/a.json',
  '/wp-content/uploads/passwd.txt',
  '/wp-content/uploads/away/key',
  '/nothing.php',
])('%s is neither shown nor run by nginx', async (path) => {
  const answer = await fetch(`${url}${path}`)
  const text = await answer.text()
  expect(text).not.toMatch(/secret|root:|^run|<\?php/)
  if (answer.status === 200) expect(JSON.parse(text)).toMatchObject({ release: 1 }) // the site's own page
})

test('the flag answers 503 to everything', async () => {
  dev.maintenance(true)
  for (const path of ['/', '/style.css', '/wp-content/uploads/photo.jpg', '/index.php/x']) {
    const answer = await fetch(`${url}${path}`)
    expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5'])
    await answer.text()
  }
  dev.maintenance(false)
  expect((await fetch(url)).status).toBe(200)
})

test('switches under load: no mixture of releases, nothing old after the switch, no 502, the drain waits for what runs', async () => {
  const answers: { status: number; release: number | null; isWhole: boolean; begun: number; ended: number }[] = []
  let isOver = false
  const visitor = async (path: string): Promise<void> => {
    while (!isOver) {
      const begun = performance.now()
      const response = await fetch(`${url}${path}`)
      const text = await response.text()
      const told = response.status === 200 ? JSON.parse(text) : null
      const isWhole = told === null || (told.release === told.later && String(told.release) === told.told)
      answers.push({ status: response.status, release: told?.release ?? null, isWhole, begun, ended: performance.now() })
    }
  }
  const visitors = ['/', '/?ms=30', '/a/b', '/?ms=100'].map(visitor)
  const switches: { begun: number; ended: number; to: number }[] = []
  for (const to of [2, 1, 2, 1]) {
    const begun = performance.now()
    dev.maintenance(true)
    expect(await pool.reload()).toEqual({ killed: 0 })
    dev.makeCurrent(to)
    dev.maintenance(false)
    switches.push({ begun, ended: performance.now(), to })
    const seen = answers.length
    await expect.poll(() => answers.slice(seen).filter(({ release }) => release === to).length).toBeGreaterThan(10)
  }
  isOver = true
  await Promise.all(visitors)
  expect(answers.filter(({ isWhole }) => !isWhole)).toEqual([])
  expect([...new Set(answers.map(({ status }) => status))].toSorted()).toEqual([200, 503])
  const wrong = switches.flatMap(({ ended, to }, index) => {
    const next = switches[index + 1]?.begun ?? Infinity
    return answers.filter((answer) => answer.begun > ended && answer.ended < next && answer.release !== to)
  })
  expect(wrong).toEqual([])
})

test('the unit, the commands and what the pool refuses', async () => {
  expect(config.files.map(({ path }) => path)).toEqual([
    '/etc/cairn/cairn-dev-shop.fpm.conf',
    '/etc/systemd/system/cairn-dev-shop.service',
    '/etc/nginx/conf.d/cairn-dev-shop.conf',
  ])
  expect(text('.service')).toMatch(/ExecReload=\/bin\/kill -USR2 \$MAINPID/)
  expect(text('.fpm.conf')).toMatch(/process_control_timeout = 10s/)
  expect(text('nginx')).toMatch(/\$realpath_root/)
  expect(config.commands[2]).toBe('usermod --append --groups cairn-200051 www-data')
  const lost = runtime.forEnvironment({ ...dev.place, served: { ...config.served, pidFile: join(top.path, 'none') } })
  await expect(lost.reload()).rejects.toMatchObject({ code: 'PHP_FAILED' })
})

test.each(['wordpress_network', 'drupal8'] as const)('nginx takes what is printed for %s', (framework) => {
  const printed = webserverConfig({
    ...{
      place: { ...dev.place, isLive: true },
      site: 'shop',
      environment: 'live',
      framework,
      docroot: 'web',
      filesPath: 'sites/default/files',
    },
    ...{ serverNames: ['a.example.org', 'b.example.org'], listen: '127.0.0.1:80' },
  })
  const main = nginxMain('check', printed.files.at(-1)?.text ?? '')
  execFileSync('/usr/sbin/nginx', ['-t', '-p', join(top.path, 'nginx'), '-c', main], { stdio: 'pipe' })
})

/** What systemd would do with it: the accounts by their numbers, the web server in the group of the environment. */
function startPrinted(fpm: string): void {
  for (const name of ['run', 'log']) {
    const path = join(top.path, name, 'cairn-dev-shop')
    mkdirSync(path, { recursive: true })
    chownSync(path, dev.place.uid, dev.place.gid)
    chmodSync(path, 0o750)
  }
  const tmp = join(dev.place.directory, 'tmp')
  mkdirSync(tmp)
  chownSync(tmp, dev.place.uid, dev.place.gid)
  const fpmFile = join(top.path, 'fpm.conf')
  writeFileSync(fpmFile, text('.fpm.conf'))
  const id = String(dev.place.uid)
  start(['--reuid', id, '--regid', id, '--clear-groups'], [fpm, '--nodaemonize', '--fpm-config', fpmFile])
  const main = nginxMain('main', text('nginx'))
  const nginx = ['/usr/sbin/nginx', '-p', join(top.path, 'nginx'), '-c', main, '-g', 'daemon off;']
  start(['--reuid', '33', '--regid', '33', '--groups', `33,${id}`], nginx)
}

function start(as: string[], command: string[]): void {
  const log = ['ignore', 'ignore', 'ignore'] as const
  children.push(
    spawn('setpriv', [...as, '--', 'setpriv', '--pdeathsig', 'TERM', '--', ...command], { stdio: [...log], cwd: '/' }),
  )
}

function nginxMain(name: string, server: string): string {
  const directory = join(top.path, 'nginx')
  mkdirSync(directory, { recursive: true })
  chownSync(directory, 33, 33)
  const temporary = ['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`)
  const path = join(directory, `${name}.conf`)
  writeFileSync(
    path,
    `worker_processes 2; pid ${directory}/${name}.pid; error_log ${directory}/error.log warn;
events { worker_connections 256; }
http { access_log off; ${temporary.join(' ')}
${server}
}`,
  )
  return path
}

/** Links to what is not the site's own: www-data, a member of every environment's group, could read it. */
function layTraps(): void {
  const uploads = join(dev.place.directory, 'files/f1')
  const neighbour = join(top.path, 'neighbour')
  mkdirSync(neighbour, { mode: 0o755 })
  writeFileSync(join(neighbour, 'key'), 'secret', { mode: 0o644 })
  const link = ['-s', '-f']
  for (const [to, name] of [
    [neighbour, 'away'],
    ['/etc/passwd', 'passwd.txt'],
  ] as const)
    execFileSync('setpriv', ['--reuid', '200051', '--regid', '200051', '--clear-groups', 'ln', ...link, to, join(uploads, name)])
}

function text(part: string): string {
  return config.files.find(({ path }) => path.includes(part))?.text ?? ''
}
