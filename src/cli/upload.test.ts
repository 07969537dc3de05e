import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api/testing.suite.ts'
import { harness, problem, run } from './testing.suite.ts'

// Against the real uploads of the interface.

const { home, serve } = harness()
let api: TestApi
let proxy: Awaited<ReturnType<typeof startProxy>>
beforeAll(async () => {
  api = await startTestApi()
  proxy = await startProxy(api.url)
})
afterAll(async () => {
  proxy.server.close()
  await api.stop()
})

const content = randomBytes(6 << 20)
content.write('site/index.php\0') // a tar by its first bytes
content.write('ustar\0', 257)
const sha256 = createHash('sha256').update(content).digest('hex')

/** A way to the server that breaks when told to. */
async function startProxy(target: string) {
  let left = Infinity
  let bytes = 0
  let cuts = 0
  const server = createServer((request, response) => {
    const { host: _host, ...headers } = request.headers
    const onward = httpRequest(new URL(request.url ?? '/', target), { method: request.method ?? 'GET', headers })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.on('data', (part: Buffer) => {
      if (request.method === 'PATCH') {
        if (part.length > left) {
          cuts += 1
          onward.destroy()
          request.socket.destroy()
          return
        }
        left -= part.length
        bytes += part.length
      }
      onward.write(part)
    })
    request.on('end', () => onward.end())
    request.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    /** From now on so many bytes of uploads get through */
    allow: (wanted: number) => void (left = wanted),
    cuts: () => cuts,
    received: () => bytes,
  }
}

function place() {
  const env = { CAIRN_URL: proxy.url, CAIRN_TOKEN: api.token, HOME: home() }
  writeFileSync(join(env.HOME, 'site.tar.gz'), content)
  return env
}

const create = ['site:create', 'fresh', '--all=site.tar.gz', '--no-wait', '--json']

/** What the workflow that was started last was given */
async function givenTo(out: string): Promise<string> {
  const { input } = await api.queue.get((JSON.parse(out) as { workflow: string }).workflow)
  return (input as { source: { all: { upload: string } } }).source.all.upload
}

const uploaded = (id: string) => api.db.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

test('a file is uploaded and its SHA-256 checked; the same file again is not sent again', async () => {
  const env = place()
  const first = await run(create, { env })
  expect([first.exit, first.err]).toEqual([0, expect.stringContaining('uploaded site.tar.gz (6.29 MB)')])
  const row = await uploaded(await givenTo(first.out))
  expect(row).toMatchObject({ state: 'ready', file_name: 'site.tar.gz', size_bytes: content.length })
  expect(row.sha256?.toString('hex')).toBe(sha256)
  const before = proxy.received()
  const again = await run(create, { env })
  expect(again.err).toContain('is on the server already')
  expect(await givenTo(again.out)).toBe(row.id)
  expect(proxy.received()).toBe(before)
  const touched = new Date(Date.now() - 60_000)
  utimesSync(join(env.HOME, 'site.tar.gz'), touched, touched) // another file, for all that is known
  expect(await givenTo((await run(create, { env })).out)).not.toBe(row.id)
})

test('an upload needs no place to remember it', async () => {
  const env = place()
  writeFileSync(join(env.HOME, 'file'), '')
  const { exit, err } = await run(create, { env: { ...env, XDG_CACHE_HOME: join(env.HOME, 'file') } })
  expect([exit, err]).toEqual([0, expect.stringContaining('uploaded site.tar.gz')])
})

test('the same command goes on with an upload that was cut', async () => {
  const env = place()
  proxy.allow(3 << 20)
  const stop = expect.poll(() => proxy.cuts(), { timeout: 20_000, interval: 20 }).toBeGreaterThan(1) // it had tried again
  const cut = await run(create, { env, interrupt: stop as unknown as Promise<void> })
  expect([cut.exit, cut.out]).toEqual([130, ''])
  expect(cut.err).toContain('the same command goes on with it')
  const [record = ''] = readdirSync(join(env.HOME, '.cache/cairn/uploads'))
  const { url } = JSON.parse(readFileSync(join(env.HOME, '.cache/cairn/uploads', record), 'utf8')) as { url: string }
  const id = new URL(url).pathname.split('/').at(-1) ?? ''
  const { offset_bytes } = await uploaded(id)
  expect(offset_bytes).toBeGreaterThan(0)
  proxy.allow(Infinity)
  const before = proxy.received()
  const { exit, out, err } = await run(create, { env })
  expect([exit, err]).toEqual([0, expect.stringContaining('Going on with the upload of site.tar.gz')])
  expect(await givenTo(out)).toBe(id)
  expect((await uploaded(id)).sha256?.toString('hex')).toBe(sha256)
  expect(proxy.received() - before).toBeLessThanOrEqual(content.length - offset_bytes)
})

test('an upload that the server does not know any more begins anew', async () => {
  const env = place()
  const id = await givenTo((await run(create, { env })).out)
  await api.db.deleteFrom('upload').where('id', '=', id).execute()
  const { exit, out } = await run(create, { env })
  expect([exit, (await uploaded(await givenTo(out))).state]).toEqual([0, 'ready'])
})

test('what is no file, or not what it is given for, is refused in words, before anything is asked of the server', async () => {
  const env = { ...place(), CAIRN_URL: 'http://127.0.0.1:9' }
  writeFileSync(join(env.HOME, 'empty.zip'), '')
  writeFileSync(join(env.HOME, 'page.tar.gz'), '<!doctype html><html>')
  writeFileSync(join(env.HOME, 'dump.sql'), 'CREATE TABLE a (b int);\n')
  writeFileSync(join(env.HOME, 'site.7z'), 'BZh91AY')
  for (const [given, said] of [
    ['nothing.zip', 'it does not exist'],
    ['dump.sql/x', 'leads over something that is not a directory'],
    ['.', 'it is a directory'],
    ['', 'a file or an address is wanted'],
    ['empty.zip', 'it is empty'],
    ['page.tar.gz', 'it is a web page'],
    ['site.7z', 'bzip2'],
    ['dump.sql', 'it is a database dump'],
    ['ftp://example.org/x.zip', 'http or https'],
  ] as const) {
    for (const argv of [
      ['site:create', 'x', `--all=${given}`],
      ['import:site', 'x', given],
      ['import:files', 'shop.dev', given, '--yes'],
    ]) {
      const { exit, err } = await run(argv, { env })
      expect([exit, err], argv.join(' ')).toEqual([2, expect.stringContaining(said)])
    }
  }
})

test('a site that cannot be made, and an environment that takes no import, are told before the upload', async () => {
  const { HOME } = place()
  const { env, seen } = await serve({
    'POST /v1/sites': (_, response) => problem(response, 409, 'SITE_TAKEN', 'Cannot create site "shop": it exists already'),
    'GET /v1/sites/shop/environments/dev': () => ({ kind: 'attached', managed: null }),
    'GET /v1/sites/shop/environments/test': () => ({ kind: 'managed', managed: { release: 0 } }),
    'GET /v1/sites/shop/environments/live': () => ({ kind: 'managed', managed: { release: 3 } }),
    'GET /v1/whoami/actions': ({ query }) => ({
      actions: [{ action: 'environment.import', allowed: false, reason: `not on ${query.get('environment')}` }],
    }),
  })
  const told = async (...argv: string[]) => {
    const { exit, err } = await run(argv, { env: { ...env, HOME } })
    return [exit, err]
  }
  expect(await told('site:create', 'shop', '--all=site.tar.gz')).toEqual([2, expect.stringContaining('it exists already')])
  expect(seen.at(-1)?.body).toEqual({ site: 'shop', source: { kind: 'empty', framework: 'wordpress' }, dryRun: true })
  const into = (name: string) => told('import:code', `shop.${name}`, 'site.tar.gz', '--yes')
  expect(await into('dev')).toEqual([2, expect.stringMatching(/attached, not managed.*--from-backup=ID/s)])
  expect(await into('test')).toEqual([2, expect.stringMatching(/nothing was ever deployed.*env:deploy shop\.test/s)])
  expect(await into('live')).toEqual([5, expect.stringMatching(/no right to "environment\.import" on shop\.live.*not on live/s)])
  expect(await into('none')).toEqual([4, expect.anything()])
  expect(seen.filter(({ path }) => path.includes('upload'))).toEqual([])
})
