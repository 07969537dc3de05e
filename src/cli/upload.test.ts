import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api/testing.suite.ts'
import { harness, run } from './testing.suite.ts'

// Against the real uploads of the interface.

const { home } = harness()
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

test('what is no file is refused in words, before anything is asked of the server', async () => {
  const env = place()
  for (const [given, said] of [
    ['nothing.zip', 'there is no such file'],
    ['.', 'it is a directory'],
    ['ftp://example.org/x.zip', 'http or https'],
  ] as const) {
    const { exit, err } = await run(['site:create', 'x', `--all=${given}`], { env })
    expect([exit, err], given).toEqual([2, expect.stringContaining(said)])
  }
})
