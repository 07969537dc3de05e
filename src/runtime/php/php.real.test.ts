import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { processStart } from '../../base/processes.ts'
import { cgiParams } from '../fastcgi/params.ts'
import { countProcesses, passableDirectory, testEnvironment } from '../testing.suite.ts'
import type { PhpAnswer, PhpPool, PhpRuntime } from '../types.ts'
import { openPhpRuntime } from './openPhpRuntime.ts'
import { canUseNamespaces } from './confine.ts'
import { childrenOf } from './processTree.ts'

const top = passableDirectory('php')
const directory = join(top.path, 'run')
const dev = testEnvironment(top.path, 'dev', 200_011)
const lines: string[] = []
const hasNamespaces = await canUseNamespaces()
if (!hasNamespaces) console.warn('SKIPPED: PHP in a process namespace of its own (this machine allows none)')
/** Seconds that nobody else sleeps for */
const sleepSeconds = `${100_000_000 + process.pid}`
const open = (): Promise<PhpRuntime> =>
  openPhpRuntime({ directory, log: (line) => lines.push(line), limits: { uploadMaxMb: 64 } })
let runtime: PhpRuntime
let pool: PhpPool
let code: string

const scripts = {
  'index.php': `<?php echo 'release 1 ', $_SERVER['PATH_INFO'] ?? '-', ' ', DB_NAME;`,
  'facts.php': `<?php header('X-Facts: yes'); http_response_code(201); echo json_encode([
    'uid' => posix_getuid(), 'groups' => posix_getgroups(), 'root' => $_SERVER['DOCUMENT_ROOT'],
    'env' => getenv('PANTHEON_ENVIRONMENT'), 'server' => $_SERVER['DB_PASSWORD'], 'password' => DB_PASSWORD,
    'secret' => isset($_SERVER['CAIRN_CHECK']), 'mail' => ini_get('sendmail_path'), 'sent' => mail('a@b.c', 's', 't'),
    'tmp' => [sys_get_temp_dir(), session_save_path(), getenv('TMPDIR')], 'home' => getenv('HOME'),
    'caches' => opcache_get_status(false)['opcache_enabled'], 'kept' => cairn_define('DB_NAME', 'mine') && DB_NAME !== 'mine',
    'processes' => (int) shell_exec('ls -d /proc/[0-9]* | wc -l'), 'inherited' => getenv('CAIRN_TOKEN') ]);`,
  'echo.php': `<?php header('Content-Type: application/octet-stream'); $in = fopen('php://input', 'r'); fpassthru($in);`,
  'large.php': `<?php for ($i = 0; $i < 640; $i++) { echo str_repeat(chr(65 + $i % 26), 100000); }`,
  'sleep.php': `<?php touch(sys_get_temp_dir() . '/begun'); for ($end = microtime(true) + $_GET['ms'] / 1000; microtime(true) < $end;) { usleep(10000); } echo 'awake';`,
  'fatal.php': `<?php error_log('a word'); nothing_of_this_name();`,
  'background.php': `<?php exec('setsid sleep ${sleepSeconds} >/dev/null 2>&1 &'); echo 'begun';`,
}

beforeAll(async () => {
  process.env['CAIRN_TOKEN'] = 'of the server'
  code = dev.release(1, scripts)
  dev.makeCurrent(1)
  runtime = await open()
  pool = runtime.forEnvironment(dev.place)
})

afterAll(async () => {
  await runtime.stop()
  top.remove()
})

test('PHP starts with the first request, as the user of its environment, and is told what environment.json says', async () => {
  const answer = await ask('/facts.php')
  expect(answer).toMatchObject({ status: 201, headers: expect.arrayContaining([['x-facts', 'yes']]) })
  const tmp = join(dev.place.directory, 'tmp')
  expect(JSON.parse(answer.text)).toEqual({
    uid: 200_011,
    groups: [expect.toSatisfy((group: number) => group >= 0x8000_0000)], // its mark
    root: code,
    env: 'dev',
    server: `a'b"c\\d$e`,
    password: `a'b"c\\d$e`,
    secret: false,
    mail: "/bin/sh -c 'cat >/dev/null'",
    sent: true,
    tmp: [tmp, tmp, tmp],
    home: tmp,
    caches: true,
    kept: true,
    processes: expect.any(Number),
    inherited: false,
  })
  if (hasNamespaces) expect(JSON.parse(answer.text).processes).toBeLessThan(10) // those of its own namespace
  expect(statSync(join(directory, dev.place.id, 'socket')).mode & 0o777).toBe(0o710)
})

test('bodies of any kind go in and out whole', async () => {
  const sent = Buffer.alloc(20 << 20)
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE((i * 2654435761) >>> 0, i)
  const back = await ask('/echo.php', { body: Readable.from(pieces(sent)), bodyBytes: sent.length })
  expect(back.bytes.equals(sent)).toBe(true)
  const large = await ask('/large.php')
  expect(large.bytes.length).toBe(64_000_000)
  expect(large.bytes.subarray(-1).toString()).toBe(String.fromCharCode(65 + (639 % 26)))
})

test('a fatal error is an answer of 500, and PHP says why on its log', async () => {
  expect((await ask('/fatal.php')).status).toBe(500)
  const log = readFileSync(join(directory, dev.place.id, 'log/php.log'), 'utf8')
  expect(log).toContain('a word')
  expect(log).toContain('nothing_of_this_name')
})

test('uploads are never run, whatever the web server asks for; nor is what stands outside', async () => {
  dev.upload('evil.php', `<?php echo 'evil';`)
  const answer = await ask('/wp-content/uploads/evil.php')
  expect(answer).toMatchObject({ status: 403, text: 'This file is not run\n' })
})

test('maintenance, and a release that is not current, answer 503; only the check secret passes', async () => {
  const next = dev.release(
    2,
    { 'index.php': `<?php echo 'release 2 ', isset($_SERVER['CAIRN_CHECK']) ? 'told' : 'untold';` },
    {
      checkSecret: 'check secret of release 2',
    },
  )
  const late = { status: 503, text: 'The site is being changed\n', headers: expect.arrayContaining([['retry-after', '5']]) }
  expect(await ask('/index.php', { root: next })).toMatchObject(late)
  expect(await ask('/index.php', { root: next, more: { CAIRN_CHECK: 'check secret of release 1' } })).toMatchObject(late)
  expect(await ask('/index.php', { root: next, more: { CAIRN_CHECK: '' } })).toMatchObject(late)
  expect(await ask('/index.php', { root: next, headers: [['Cairn-Check', 'check secret of release 2']] })).toMatchObject(late)
  expect(await ask('/index.php', { root: next, more: { CAIRN_CHECK: 'check secret of release 2' } })).toMatchObject({
    status: 200,
    text: 'release 2 untold',
  })
  // the link moved between two of the web server's looks at it
  expect(await ask('/index.php', { more: { DOCUMENT_ROOT: next } })).toMatchObject(late)
  dev.maintenance(true)
  expect(await ask('/index.php')).toMatchObject(late)
  dev.maintenance(false)
  expect(await ask('/index.php')).toMatchObject({ status: 200, text: 'release 1 - c_1' })
})

test('the command line is refused in the same way', () => {
  const php = (script: string, env: Record<string, string> = {}): string => {
    try {
      const prepend = `auto_prepend_file=${join(dev.place.directory, 'prepend.php')}`
      return execFileSync('php', ['-d', prepend, script], { cwd: '/', encoding: 'utf8', env, stdio: 'pipe' })
    } catch (error) {
      return `exit ${(error as { status: number }).status}: ${(error as { stderr: string }).stderr}`
    }
  }
  const next = join(dev.place.directory, 'releases/000002/code/index.php')
  expect(php(join(code, 'index.php'))).toBe('release 1 - c_1')
  expect(php(next)).toBe('exit 75: The site is being changed\n')
  expect(php(next, { CAIRN_CHECK: 'check secret of release 2' })).toBe('release 2 untold')
  const tool = join(top.path, 'tool.php')
  writeFileSync(tool, '<?php echo getenv("DB_NAME");')
  expect(php(tool)).toBe('c_1') // of the current release
})

test('a reload lets running requests end, forgets what it had compiled, and loses none that waits', async () => {
  const running = ask('/sleep.php?ms=600')
  await untilBegun()
  const before = masterPid()
  const [reloaded, ...answers] = await Promise.all([pool.reload(), ...Array.from({ length: 10 }, () => ask('/index.php'))])
  expect(reloaded).toEqual({ killed: 0 })
  expect(await running).toMatchObject({ status: 200, text: 'awake' })
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(masterPid()).toBe(before)
  expect(await pool.reload()).toEqual({ killed: 0 })
  expect(await pool.reload()).toEqual({ killed: 0 }) // at once again: it does not fall on deaf ears
})

test('what does not end in ten seconds is killed', async () => {
  const stuck = ask('/sleep.php?ms=60000')
  stuck.catch(() => {})
  await untilBegun()
  const began = performance.now()
  await pool.reload()
  expect(performance.now() - began).toBeGreaterThan(9_000)
  await expect(stuck).rejects.toMatchObject({ code: 'PHP_FAILED' })
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
})

test('a master that dies is started again by the next request; a broken answer is an error, not an end', async () => {
  const broken = ask('/sleep.php?ms=5000')
  broken.catch(() => {})
  await untilBegun()
  const before = masterPid()
  process.kill(before, 'SIGKILL')
  // its workers go with it where they share a namespace; elsewhere they end when it is started again
  if (hasNamespaces) await expect(broken).rejects.toMatchObject({ code: 'PHP_FAILED', retry: 'later' })
  await gone(before)
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
  expect(lines).toContainEqual(expect.stringContaining('ended by itself'))
})

test('a request that is given up closes its connection, and PHP answers the next one', async () => {
  const controller = new AbortController()
  const given = ask('/sleep.php?ms=5000', { signal: controller.signal })
  setTimeout(() => controller.abort(), 100)
  await expect(given).rejects.toThrow('abort')
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
})

test('stopping ends everything that PHP has started, however it hid', async () => {
  await ask('/background.php')
  expect(sleepers()).toBe(1)
  await pool.stop()
  await expect.poll(sleepers).toBe(0)
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
  await runtime.forget(dev.place.id)
  expect(existsSync(join(directory, dev.place.id))).toBe(false)
  pool = runtime.forEnvironment(dev.place)
})

test('what a killed Cairn left is ended by the next one, a stranger never', async () => {
  await ask('/background.php')
  const left = noted()
  const second = await open() // as if the first had been killed: its PHP still runs
  expect(processStart(left.pid)).toBeNull()
  expect(sleepers()).toBe(0)
  await second.stop()
  const stranger = { ...noteOf(directory, dev.place.id), pid: process.pid, startTicks: '1' }
  writeFileSync(join(directory, dev.place.id, 'master.json'), JSON.stringify(stranger))
  await (await open()).stop()
  expect(processStart(process.pid)).not.toBeNull()
})

test.each([true, false].filter((useNamespaces) => hasNamespaces || !useNamespaces))(
  'a killed Cairn takes its PHP along (in a namespace: %s)',
  async (useNamespaces) => {
    const place = { ...dev.place, id: `killed-${useNamespaces}` }
    const child = spawn(process.execPath, [
      join(import.meta.dirname, 'start.child.ts'),
      JSON.stringify({ directory, useNamespaces, place }),
    ])
    await once(child.stdout, 'data')
    const conf = join(directory, place.id, 'php-fpm.conf')
    await expect.poll(() => countProcesses(`php-fpm: master process (${conf}`)).toBe(1) // a new worker is called so for a moment
    child.kill('SIGKILL')
    await expect.poll(() => countProcesses(conf), { timeout: 20_000 }).toBe(0)
  },
)

test('without namespaces it starts, reloads and ends as well, and goes on after a killed master', async () => {
  const plain = await openPlain('plain')
  const place = { ...dev.place, id: `plain-${dev.place.id}` }
  pool = plain.forEnvironment(place)
  const running = ask('/sleep.php?ms=400')
  await untilBegun()
  expect(await pool.reload()).toEqual({ killed: 0 })
  expect(await running).toMatchObject({ text: 'awake' })
  const orphaned = ask('/sleep.php?ms=30000')
  orphaned.catch(() => {})
  await untilBegun()
  const { pid } = noteOf(join(top.path, 'plain'), place.id)
  process.kill(pid, 'SIGKILL')
  await gone(pid)
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
  await expect(orphaned).rejects.toMatchObject({ code: 'PHP_FAILED' })
  await plain.stop()
  expect(countProcesses(`php-fpm: pool ${place.id}`)).toBe(0)
  pool = runtime.forEnvironment(dev.place)
})

test('without namespaces stopping ends what hid as well; what runs as the same user elsewhere goes on', async () => {
  const [one, other] = [await openPlain('one'), await openPlain('other')]
  const place = { ...dev.place, id: `same-${dev.place.id}` }
  pool = other.forEnvironment(place)
  await ask('/background.php')
  const kept = noteOf(join(top.path, 'other'), place.id)
  pool = one.forEnvironment(place)
  await ask('/background.php')
  expect(sleepers()).toBe(2)
  await pool.stop()
  expect(sleepers()).toBe(1)
  // a data directory that was copied while Cairn ran
  cpSync(join(top.path, 'other', place.id, 'master.json'), join(top.path, 'one', place.id, 'master.json'))
  await (await openPlain('one')).stop()
  expect(processStart(kept.pid)).toBe(kept.startTicks)
  await other.stop()
  await one.stop()
  expect(sleepers()).toBe(0)
  pool = runtime.forEnvironment(dev.place)
})

test('an idle PHP is ended, one that answers is not', async () => {
  const short = await openPhpRuntime({ directory: join(top.path, 'short'), idleMs: 300, log: () => {} })
  pool = short.forEnvironment({ ...dev.place, id: 'short' })
  expect(await ask('/sleep.php?ms=1500')).toMatchObject({ status: 200, text: 'awake' })
  await expect.poll(() => countProcesses(join(top.path, 'short')), { timeout: 20_000 }).toBe(0)
  expect(await ask('/index.php')).toMatchObject({ status: 200 })
  await short.stop()
  pool = runtime.forEnvironment(dev.place)
})

test('who is not root is told why there is no PHP', async () => {
  const getuid = vi.spyOn(process, 'getuid').mockReturnValue(1000)
  await expect(open()).rejects.toMatchObject({ code: 'RUNTIME_OFF', message: expect.stringContaining('runs as user 1000') })
  getuid.mockRestore()
})

test('PHP of nobody but its own user is started', () => {
  for (const uid of [0, 33, process.getuid?.() ?? 0])
    expect(() => runtime.forEnvironment({ ...dev.place, id: `other-${uid}`, uid })).toThrow('must not run as')
})

interface Asked {
  status: number
  headers: [string, string][]
  bytes: Buffer
  text: string
}

async function ask(
  target: string,
  options: {
    root?: string
    more?: Record<string, string>
    headers?: [string, string][]
    body?: Readable
    bodyBytes?: number
    signal?: AbortSignal
  } = {},
): Promise<Asked> {
  const { root = code, more = {}, headers = [], body, bodyBytes = null, signal } = options
  const request = {
    method: body === undefined ? 'GET' : 'POST',
    target,
    host: 'dev-shop.localhost:7071',
    isHttps: false,
    headers,
    bodyBytes,
    remoteAddress: '127.0.0.1',
  }
  const [scriptName = ''] = target.split('?')
  const answer: PhpAnswer = await pool.request({
    params: { ...cgiParams(request, { documentRoot: root, scriptName, pathInfo: '' }), ...more },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  })
  const parts: Buffer[] = []
  for await (const piece of answer.body as AsyncIterable<Buffer>) parts.push(piece)
  const bytes = Buffer.concat(parts)
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.length > 100_000 ? '' : bytes.toString() }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += 100_000) yield bytes.subarray(from, from + 100_000)
}

interface Noted {
  pid: number
  startTicks: string
}

function noted(): Noted {
  return noteOf(directory, dev.place.id)
}

function noteOf(run: string, id: string): Noted {
  return JSON.parse(readFileSync(join(run, id, 'master.json'), 'utf8'))
}

function openPlain(name: string): Promise<PhpRuntime> {
  return openPhpRuntime({ directory: join(top.path, name), useNamespaces: false, log: () => {} })
}

function masterPid(): number {
  return (hasNamespaces ? childrenOf(noted().pid)[0]?.pid : null) ?? noted().pid
}

/** Waits until the script that sleeps does so. */
async function untilBegun(): Promise<void> {
  const sign = join(dev.place.directory, 'tmp/begun')
  await expect.poll(() => existsSync(sign)).toBe(true)
  rmSync(sign)
}

async function gone(pid: number): Promise<void> {
  await expect.poll(() => processStart(pid)).toBeNull()
}

function sleepers(): number {
  return countProcesses(`sleep ${sleepSeconds}`)
}
