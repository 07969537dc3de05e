import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPhpRuntime } from '../runtime/php/openPhpRuntime.ts'
import { passableDirectory, testEnvironment } from '../runtime/testing.suite.ts'
import type { PhpRuntime } from '../runtime/types.ts'
import { gatewayAddress, parseGatewayHost } from '../sites/address.ts'
import type { Served } from './served.ts'
import { type Gateway, startGateway } from './startGateway.ts'

const top = passableDirectory('gateway')
const bodies = join(top.path, 'bodies')
const dev = testEnvironment(top.path, 'dev', 200_021)
const live = testEnvironment(top.path, 'live', 200_022, true)
const log: string[] = []
let runtime: PhpRuntime
let gateway: Gateway
let code: string

const front = `<?php header('X-Front: yes'); echo json_encode(['uri' => $_SERVER['REQUEST_URI'], 'script' => $_SERVER['SCRIPT_NAME'],
  'info' => $_SERVER['PATH_INFO'] ?? null, 'host' => $_SERVER['HTTP_HOST'], 'port' => $_SERVER['SERVER_PORT'],
  'https' => $_SERVER['HTTPS'] ?? null, 'query' => $_GET]);`

const code1 = {
  'index.php': front,
  'wp-login.php': `<?php setcookie('a', '1'); setcookie('b', '2'); http_response_code(418); echo 'login';`,
  'wp-admin/index.php': `<?php echo 'admin';`,
  'wp-includes/version.php': `<?php $secret = 1;`,
  'wp-content/themes/t/style.css': 'body {}',
  'wp-content/themes/t/functions.php.bak': '<?php $secret = 1;',
  'wp-content/themes/t/t.module': '<?php $secret = 1;',
  'wp-content/themes/t/config.yml': 'secret: 1',
  'composer.json': '{"secret":1}',
  '.env': 'SECRET=1',
  '.git/config': 'secret',
  '.well-known/security.txt': 'mail us',
  'dump.sql': 'secret',
  'readme.txt': 'release 1',
  'post.php': `<?php echo md5_file('php://input'), ' ', $_SERVER['CONTENT_LENGTH'], ' ', $_SERVER['CONTENT_TYPE'];`,
  'upload.php': `<?php echo $_POST['title'], ' ', $_FILES['f']['size'], ' ', md5_file($_FILES['f']['tmp_name']);`,
  'slow.php': `<?php ignore_user_abort(false); file_put_contents(sys_get_temp_dir() . '/slow', 'begun');
    for ($i = 0; $i < 20; $i++) { echo str_repeat('x', 10000); flush(); usleep(20000); }
    file_put_contents(sys_get_temp_dir() . '/slow', 'ended');`,
  'liar.php': `<?php header('Content-Length: 3'); echo 'longer than told';`,
  'broken.php': `<?php echo str_repeat('x', 100000); flush(); posix_kill(getmypid(), 9);`,
  'sendfile.php': `<?php header('X-Sendfile: /etc/shadow'); header('X-Accel-Redirect: /etc/shadow'); echo 'mine';`,
}

beforeAll(async () => {
  code = dev.release(1, code1)
  dev.makeCurrent(1)
  live.release(1, { 'index.php': front })
  live.makeCurrent(1)
  dev.upload('2026/11/photo.jpg', 'a photo')
  dev.upload('2026/11/form.docx', 'a form')
  dev.upload('shell.php', '<?php echo "run";')
  dev.upload('shell.php.txt', '<?php echo "shown";')
  dev.upload('shell.phtml', '<?php echo "run";')
  dev.upload('.htaccess', 'secret')
  dev.upload('private/contract.pdf', 'secret')
  dev.upload('config_4fd2c1a9/active/system.json', 'secret')
  dev.upload('large.bin', 'x'.repeat(3_000_000))
  runtime = await openPhpRuntime({ directory: join(top.path, 'run'), log: (line) => log.push(line) })
  const served: Record<string, Served> = {}
  for (const [site, isHttps] of [
    [dev, false],
    [live, true],
  ] as const)
    served[`${site === dev ? 'dev' : 'live'}-shop.localhost`] = {
      place: site.place,
      framework: 'wordpress',
      docroot: '',
      isHttps,
    }
  const find = async (host: string): Promise<Served | null> => served[host] ?? null
  gateway = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    find,
    pools: runtime,
    bodies,
    log: (line) => log.push(line),
  })
})

afterAll(async () => {
  await gateway.close()
  await runtime.stop()
  top.remove()
})

test('host names are read and written', () => {
  expect(gatewayAddress('my-shop', 'dev', 7071)).toBe('http://dev-my-shop.localhost:7071')
  expect(parseGatewayHost('dev-my-shop.localhost')).toEqual({ environment: 'dev', site: 'my-shop' })
  for (const other of ['localhost', 'dev.localhost', 'dev-.localhost', 'x.dev-shop.localhost', 'dev-shop.example.org'])
    expect(parseGatewayHost(other)).toBeNull()
})

test('the front controller answers what is no file, with address, host and query as they came', async () => {
  const host = `dev-shop.localhost:${gateway.port}`
  const answer = await get('/2026/11/hello%20world/?a=b%20c&d[]=1')
  expect(JSON.parse(answer.text)).toEqual({
    uri: '/2026/11/hello%20world/?a=b%20c&d[]=1',
    script: '/index.php',
    info: null,
    host,
    port: String(gateway.port),
    https: null,
    query: { a: 'b c', d: ['1'] },
  })
  expect(answer.headers).toMatchObject({ 'x-front': 'yes', 'x-robots-tag': 'noindex, nofollow' })
  expect(JSON.parse((await get('/')).text)).toMatchObject({ uri: '/', script: '/index.php' })
  expect(JSON.parse((await get('/index.php/node/1')).text)).toMatchObject({ script: '/index.php', info: '/node/1' })
  const other = await get('/', { host: 'live-shop.localhost' })
  expect(other.headers['x-robots-tag']).toBeUndefined()
  expect(JSON.parse(other.text)).toMatchObject({ https: 'on', port: '443' })
})

test('scripts run by their name, directories by their index', async () => {
  expect(await get('/wp-login.php')).toMatchObject({ status: 418, text: 'login', headers: { 'set-cookie': ['a=1', 'b=2'] } })
  expect(await get('/wp-admin/')).toMatchObject({ status: 200, text: 'admin' })
  expect(await get('/wp-admin?x=1')).toMatchObject({ status: 301, headers: { location: '/wp-admin/?x=1' } })
  expect(await get('/nothing.php')).toMatchObject({ status: 404 })
  expect(await get('/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
})

test('files are shown, whole, in part, or not again', async () => {
  const css = await get('/wp-content/themes/t/style.css?ver=6.5')
  expect(css).toMatchObject({
    status: 200,
    text: 'body {}',
    headers: { 'content-type': 'text/css; charset=utf-8', 'content-length': '7' },
  })
  const { etag = '', 'last-modified': modified = '' } = css.headers
  const again = (headers: Record<string, string>) => get('/wp-content/themes/t/style.css', { headers })
  expect(await again({ 'if-none-match': etag })).toMatchObject({ status: 304, text: '' })
  expect(await again({ 'if-modified-since': modified })).toMatchObject({ status: 304 })
  expect(await again({ range: 'bytes=0-3' })).toMatchObject({
    status: 206,
    text: 'body',
    headers: { 'content-range': 'bytes 0-3/7' },
  })
  expect(await again({ range: 'bytes=-2' })).toMatchObject({ status: 206, text: '{}' })
  expect(await again({ range: 'bytes=5-' })).toMatchObject({ status: 206, text: '{}' })
  expect(await again({ range: 'bytes=7-' })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */7' } })
  expect(await again({ range: 'bytes=0-3', 'if-range': '"other"' })).toMatchObject({ status: 200, text: 'body {}' })
  expect(await again({ range: 'bytes=0-1,3-4' })).toMatchObject({ status: 200 })
  expect(await get('/wp-content/themes/t/style.css', { method: 'HEAD' })).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-length': '7' },
  })
  expect(await get('/wp-content/themes/t/style.css', { method: 'POST' })).toMatchObject({ status: 405 })
  expect(await get('/wp-content/uploads/2026/11/photo.jpg')).toMatchObject({
    text: 'a photo',
    headers: { 'content-type': 'image/jpeg' },
  })
  expect(await get('/wp-content/uploads/2026/11/form.docx')).toMatchObject({
    headers: { 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' },
  })
  expect((await get('/wp-content/uploads/large.bin')).text.length).toBe(3_000_000)
  expect(await get('/.well-known/security.txt')).toMatchObject({ status: 200, text: 'mail us' })
})

test.each([
  '/.env',
  '/.git/config',
  '/%2egit/config',
  '/wp-includes/../.env',
  '/wp-includes/%2e%2e/.env',
  '/..%2f..%2f..%2fenvironment.json',
  '/../environment.json',
  '/composer.json',
  '/dump.sql',
  '/wp-content/themes/t/functions.php.bak',
  '/wp-content/themes/t/t.module',
  '/wp-content/themes/t/config.yml',
  '/wp-content/uploads/.htaccess',
  '/wp-content/uploads/private/contract.pdf',
  '/wp-content/uploads/config_4fd2c1a9/active/system.json',
  '/wp-content/uploads/shell.php',
  '/wp-content/uploads/shell.php/x.jpg',
  '/wp-content/uploads/SHELL.PHP',
  '/wp-content/uploads/shell.phtml',
  '/wp-content/uploads/away/key',
  '/wp-content/uploads/passwd.txt',
  '/wp-content/uploads/fifo.txt',
  '/wp-content/uploads/shadow.txt',
  '/away.txt',
  '/readme.txt%00.php',
  '/%ff%fe',
])('%s is neither shown nor run', async (path) => {
  prepareTraps()
  const { status, text, headers } = await get(path)
  expect(text).not.toMatch(/secret|SECRET|root:|run$|<\?php/)
  if (headers['x-front'] === undefined) expect([400, 403, 404]).toContain(status) // else the site's own page of "not found"
})

test('a source that was uploaded under the name of a text is text', async () => {
  expect(await get('/wp-content/uploads/shell.php.txt')).toMatchObject({
    status: 200,
    text: '<?php echo "shown";',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
})

test('bodies of any size reach PHP whole, with and without a length, and nothing of them stays', async () => {
  for (const [length, isChunked] of [
    [0, false],
    [1000, false],
    [1000, true],
    [30_000_000, false],
    [5_000_000, true],
  ] as const) {
    const body = Buffer.alloc(length, 'ab')
    const answer = await get('/post.php', { method: 'POST', body, isChunked, headers: { 'content-type': 'application/x-own' } })
    expect(answer.text).toBe(`${createHash('md5').update(body).digest('hex')} ${length} application/x-own`)
  }
  const content = Buffer.alloc(2_000_000, 'z')
  const form = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nhello\r\n--b\r\n'),
    Buffer.from('Content-Disposition: form-data; name="f"; filename="f.bin"\r\n\r\n'),
    content,
    Buffer.from('\r\n--b--\r\n'),
  ])
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const answer = await get('/upload.php', { method: 'POST', body: form, headers })
  expect(answer.text).toBe(`hello 2000000 ${createHash('md5').update(content).digest('hex')}`)
  expect(readdirSync(bodies)).toEqual([])
})

test('half a body never reaches PHP; a visitor who goes does not end what PHP has begun', async () => {
  const sign = join(dev.place.directory, 'tmp/slow')
  await sendRaw('POST /slow.php HTTP/1.1\r\nHost: dev-shop.localhost\r\nContent-Length: 100\r\n\r\nhalf', 100)
  expect(existsSync(sign)).toBe(false)
  await sendRaw('GET /slow.php HTTP/1.1\r\nHost: dev-shop.localhost\r\n\r\n', 100)
  await expect.poll(async () => (await get('/post.php')).status).toBe(200)
  await expect.poll(() => readFile(sign), { timeout: 20_000 }).toBe('ended')
})

test('what PHP says of files and lengths is not believed', async () => {
  const answer = await get('/sendfile.php')
  expect(answer).toMatchObject({ status: 200, text: 'mine' })
  expect(Object.keys(answer.headers).filter((name) => /sendfile|accel/.test(name))).toEqual([])
  await expect(get('/liar.php')).rejects.toThrow() // what came too much would be the next visitor's answer
  const broken = await get('/broken.php').catch(() => null) // cut off, or 502 where nothing had been passed on yet
  expect([undefined, 502]).toContain(broken?.status)
  expect((await get('/')).status).toBe(200)
})

test('while the flag is there everything answers 503, also what is a file', async () => {
  dev.maintenance(true)
  for (const path of ['/', '/wp-login.php', '/readme.txt', '/wp-content/uploads/2026/11/photo.jpg'])
    expect(await get(path)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
  expect((await get('/', { host: 'live-shop.localhost' })).status).toBe(200)
  dev.maintenance(false)
  expect((await get('/')).status).toBe(200)
})

test('the link decides which release answers, code and files alike', async () => {
  dev.release(2, { ...code1, 'index.php': `<?php echo 'second';`, 'readme.txt': 'release 2' })
  const before = await get('/readme.txt')
  dev.makeCurrent(2)
  expect(await get('/')).toMatchObject({ text: 'second' })
  const { etag = '' } = before.headers
  expect(await get('/readme.txt', { headers: { 'if-none-match': etag } })).toMatchObject({ status: 200, text: 'release 2' })
  dev.makeCurrent(1)
  expect(await get('/readme.txt')).toMatchObject({ text: 'release 1' })
})

test('hosts of nobody, no host, and a head that is too large', async () => {
  expect(await get('/', { host: 'other-shop.localhost' })).toMatchObject({ status: 404 })
  expect(await get('/', { host: '../dev-shop.localhost' })).toMatchObject({ status: 400 })
  expect(await get('/', { headers: { cookie: 'x'.repeat(40_000) } })).toMatchObject({ status: 431 })
  expect(
    (await sendRaw('GET http://dev-shop.localhost/readme.txt HTTP/1.1\r\nHost: dev-shop.localhost\r\n\r\n', 500)).toString(),
  ).toContain('release 1')
})

/** What a hostile site, or a careless archive, may have put where visitors look. */
let isPrepared = false
function prepareTraps(): void {
  if (isPrepared) return
  isPrepared = true
  const uploads = join(dev.place.directory, 'files/f1')
  const key = join(top.path, 'secrets/key')
  mkdirSync(dirname(key), { mode: 0o700 })
  writeFileSync(key, 'secret', { mode: 0o600 })
  symlinkSync(dirname(key), join(uploads, 'away'))
  symlinkSync('/etc/passwd', join(uploads, 'passwd.txt'))
  linkSync(key, join(uploads, 'shadow.txt'))
  symlinkSync('/etc/passwd', join(code, 'away.txt'))
  dev.upload('SHELL.PHP', '<?php echo "run";')
  execFileSync('mkfifo', [join(uploads, 'fifo.txt')])
  chownSync(uploads, dev.place.uid, dev.place.gid)
  chmodSync(uploads, 0o770)
}

interface Got {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

interface Ask {
  host?: string
  method?: string
  headers?: Record<string, string>
  body?: Buffer
  isChunked?: boolean
}

function get(path: string, { host, method = 'GET', headers = {}, body, isChunked = false }: Ask = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port: gateway.port,
      path,
      method,
      agent: false,
      headers: {
        host: host ?? `dev-shop.localhost:${gateway.port}`,
        ...headers,
        ...(body === undefined || isChunked ? {} : { 'content-length': String(body.length) }),
      },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(pieces).toString() }),
      )
    })
    Readable.from(body === undefined ? [] : [body]).pipe(request)
  })
}

/** Sends bytes as they are and goes away after a while. */
function sendRaw(text: string, afterMs: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (piece) => pieces.push(piece))
    setTimeout(() => {
      socket.destroy()
      resolve(Buffer.concat(pieces))
    }, afterMs)
  })
}

async function readFile(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return readFile(path, 'utf8').catch(() => '')
}
