import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { storeBackup } from '../../backups/storeElement.suite.ts'
import { createLink, revokeLink } from '../../backups/links.ts'
import { rebuildCatalogue } from '../../backups/rebuild.ts'
import { quietRun } from '../../base/run.ts'
import { startTestRepository, type TestRepository } from '../../repository/testing.ts'
import { type Intake, intakePath, openIntake } from '../intake.ts'
import { anyAddress, isPublicAddress } from './addresses.ts'
import { beginFetch, type FetchOptions, fetchUrl } from './fetchUrl.ts'
import { openOwnLink } from './ownLink.ts'
import { parseTarget } from './target.ts'

let home: TestRepository
let intake: Intake
let directory: string
let server: Server
let base: string
let handler: (request: IncomingMessage, response: ServerResponse) => void = () => {}
const requests: IncomingMessage[] = []
beforeAll(async () => {
  home = await startTestRepository()
  directory = mkdtempSync(join(tmpdir(), 'cairn-urls-'))
  intake = openIntake({ db: home.state.db, directory: join(directory, 'intake'), limitBytes: null })
  server = createServer((request, response) => {
    requests.push(request)
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => void (requests.length = 0))
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await home.stop()
  rmSync(directory, { recursive: true })
})

const actor = { kind: 'token', id: 'T', name: 'ann@example.org' } as const
const content = randomBytes(2_000_000)

async function get(url: string, options: Partial<FetchOptions> = {}) {
  const id = await beginFetch(intake, url, actor)
  const run = quietRun()
  const fetching = { run, mayReach: anyAddress, waitMs: 1, idleMs: 20_000, ...options }
  const row = await fetchUrl(intake, id, url, fetching)
  return { row, run, body: readFileSync(intakePath(intake, id)) }
}

interface Serving {
  etag?: string
  modified?: string
  /** Breaks the connection after so many bytes, one number a request */
  breaks?: number[]
  chunked?: boolean
  ranges?: boolean
}

/** A server that keeps what a good server keeps, but for the connection. */
function serve(bytes: Buffer, { etag, modified, breaks = [], chunked = false, ranges = true }: Serving = {}): typeof handler {
  return (request, response) => {
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
    const holds = request.headers['if-range'] === (etag ?? modified)
    const start = from !== undefined && ranges && holds ? Number(from) : 0
    const part = bytes.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, {
      ...(etag === undefined ? {} : { etag }),
      ...(modified === undefined ? {} : { 'last-modified': modified }),
      ...(chunked ? {} : { 'content-length': part.length }),
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    const cut = breaks.shift()
    if (cut === undefined) response.end(part)
    else response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 50))
  }
}

describe('a file', () => {
  test('comes by GET alone, its query as it was given, with its hash', async () => {
    handler = serve(content)
    const query = "?X-Amz-Signature=a%2Fb+c'd&x=%7E~&empty=&%zz"
    const { row, body } = await get(`${base}/a/site.tar.gz${query}#part`)
    expect(body.equals(content)).toBe(true)
    expect(row).toMatchObject({ state: 'ready', file_name: 'site.tar.gz', size_bytes: content.length })
    expect(row.sha256?.toString('hex')).toBe(createHash('sha256').update(content).digest('hex'))
    expect(requests.map(({ method, url }) => [method, url])).toEqual([['GET', `/a/site.tar.gz${query}`]])
  })

  test.each<[string, Serving]>([
    ['a strong entity tag', { etag: '"v1"' }],
    ['the time of its change', { modified: 'Sat, 01 Jun 2024 10:00:00 GMT' }],
  ])('goes on by %s where the connection broke', async (_name, serving) => {
    handler = serve(content, { ...serving, breaks: [500_000, 400_000, 300_000] })
    const { body } = await get(`${base}/x`)
    expect(body.equals(content)).toBe(true)
    const froms = requests.map(({ headers }) => Number(/\d+/.exec(headers.range ?? '0')?.[0]))
    expect(froms).toHaveLength(4)
    expect(froms).toEqual(froms.toSorted((a, b) => a - b))
    expect(froms.at(-1)).toBeGreaterThan(500_000)
  })

  test('is fetched from the beginning where it changed meanwhile, or the server cannot go on', async () => {
    const other = randomBytes(1_500_000)
    const first = serve(content, { etag: '"v1"', breaks: [500_000] })
    const then = serve(other, { etag: '"v2"' })
    handler = (request, response) => (requests.length === 1 ? first : then)(request, response)
    expect((await get(`${base}/x`)).body.equals(other)).toBe(true)
    for (const serving of [{ etag: 'W/"weak"' }, { etag: '"v"', ranges: false }, {}]) {
      handler = serve(content, { ...serving, breaks: [500_000] })
      expect((await get(`${base}/x`)).body.equals(content)).toBe(true)
    }
  })

  test('goes on after a restart of the server that fetches', async () => {
    handler = serve(content, { etag: '"v1"', breaks: Array.from({ length: 50 }, () => 5000) })
    const id = await beginFetch(intake, `${base}/x`, actor)
    const stop = new AbortController()
    const options = { run: quietRun(stop.signal), mayReach: anyAddress, waitMs: 1 }
    setTimeout(() => stop.abort(), 400)
    await expect(fetchUrl(intake, id, `${base}/x`, options)).rejects.toMatchObject({ code: 'WORKFLOW_CANCELLED' })
    handler = serve(content, { etag: '"v1"' })
    await fetchUrl(intake, id, `${base}/x`, { ...options, run: quietRun() })
    expect(requests.at(-1)?.headers.range).toMatch(/^bytes=[1-9]/)
    expect(readFileSync(intakePath(intake, id)).equals(content)).toBe(true)
  })

  test('of no told length must end well: a broken chunked answer is asked for again', async () => {
    handler = serve(content, { chunked: true, breaks: [500_000] })
    expect((await get(`${base}/x`)).body.equals(content)).toBe(true)
    expect(requests).toHaveLength(2)
  })

  test('that is larger than the limit is refused before it comes, or as soon as it is', async () => {
    const limited = { ...intake, limitBytes: 1_000_000 }
    for (const chunked of [false, true]) {
      handler = serve(content, { chunked })
      const id = await beginFetch(limited, `${base}/x.zip?secret`, actor)
      const failure = await fetchUrl(limited, id, `${base}/x.zip?secret`, { run: quietRun(), mayReach: anyAddress }).catch(
        (e: unknown) => e,
      )
      expect(failure).toMatchObject({ code: 'UPLOAD_TOO_LARGE', message: expect.stringContaining('1.0 MB') })
      expect(String(failure)).not.toContain('secret')
    }
  })
})

describe('an address', () => {
  test.each([
    [404, /there is no file \(404/, 'whole address'],
    [403, /does not give it out/, 'expired'],
    [410, /no longer there/, ''],
    [401, /asks for a password/, ''],
    [400, /400 Bad Request/, ''],
  ])('that answers %d is told so at once', async (status, message, hint) => {
    handler = (_request, response) => response.writeHead(status).end('no')
    await expect(get(`${base}/x?sig=1`)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringMatching(message),
      ...(hint === '' ? {} : { hint: expect.stringContaining(hint) }),
    })
    expect(requests).toHaveLength(1)
  })

  test('that fails for a while is asked again, and given up in the end', async () => {
    handler = (request, response) => (requests.length < 4 ? response.writeHead(503).end() : serve(content)(request, response))
    expect((await get(`${base}/x`)).body.equals(content)).toBe(true)
    handler = (_request, response) => response.writeHead(500).end()
    await expect(get(`${base}/x`)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringContaining('500'),
      retry: 'later',
    })
  })

  test('where nothing comes for a while is given up', async () => {
    handler = () => {}
    await expect(get(`${base}/x`, { idleMs: 30 })).rejects.toMatchObject({ message: expect.stringContaining('nothing came') })
  })

  test('that leads to a page is told so, whatever type it claims', async () => {
    handler = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/gzip' }).end('\n<!DOCTYPE html><p>Download</p>')
    await expect(get(`${base}/s/abc/backup.tar.gz?dl=0`)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringContaining('web page'),
      hint: expect.stringContaining('dl=1'),
    })
  })

  test('that redirects is followed a few times, and no further', async () => {
    handler = (request, response) => {
      if (request.url === '/end?sig=%2f') return serve(content)(request, response)
      response.writeHead(302, { location: request.url === '/start' ? '/middle' : `${base}/end?sig=%2f` }).end()
    }
    expect((await get(`${base}/start`)).body.equals(content)).toBe(true)
    expect(requests.map(({ url }) => url)).toEqual(['/start', '/middle', '/end?sig=%2f'])
    handler = (_request, response) => response.writeHead(302, { location: '/loop' }).end()
    await expect(get(`${base}/loop`)).rejects.toMatchObject({ message: expect.stringContaining('more than 5 times') })
  })

  test('is no address, or of another protocol', () => {
    for (const text of ['backup.tar.gz', 'file:///etc/passwd', 'ftp://example.org/x', 'http://', 'gopher://x/y']) {
      expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
    }
  })

  test('shows neither its query nor its password', () => {
    const { shown } = parseTarget('https://user:hunter2@example.org/share/TOKEN/file.tar.gz?X-Amz-Signature=abc')
    expect(shown).toBe('"https://example.org/…/file.tar.gz?…"')
  })
})

describe('private addresses', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::1',
    '::',
    'fe80::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'ff02::1',
    'fe80::1%eth0',
    'x',
  ])('%s is closed', (address) => expect(isPublicAddress(address)).toBe(false))
  test.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '193.0.0.1'])(
    '%s is open',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'http://localhost/',
    'http://017700000001/',
  ])('%s is refused', async (url) => {
    const port = new URL(base).port
    await expect(get(url.replace(/\/$/, `:${port}/`), { mayReach: isPublicAddress })).rejects.toMatchObject({
      code: 'FETCH_REFUSED',
    })
    expect(requests).toHaveLength(0)
  })

  test('a name with one private address among its addresses is refused, and a name is asked for once', async () => {
    let asked = 0
    const resolve = async () => {
      asked += 1
      return asked === 1
        ? [
            { address: '8.8.8.8', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]
        : [{ address: '127.0.0.1', family: 4 }]
    }
    const { port } = new URL(base)
    await expect(get(`http://rebinding.example:${port}/x`, { mayReach: isPublicAddress, resolve })).rejects.toMatchObject({
      code: 'FETCH_REFUSED',
    })
    expect([asked, requests.length]).toEqual([1, 0])
  })

  test('a redirect to one is refused as well', async () => {
    handler = (_request, response) => response.writeHead(302, { location: 'http://inside.example/latest/meta-data' }).end()
    const seen: string[] = []
    const resolve = async (name: string) => {
      seen.push(name)
      return [{ address: name === 'inside.example' ? '169.254.169.254' : '127.0.0.1', family: 4 }]
    }
    const mayReach = (address: string): boolean => address === '127.0.0.1' // as if it were public
    await expect(get(`${base.replace('127.0.0.1', 'outside.example')}/x`, { resolve, mayReach })).rejects.toMatchObject({
      code: 'FETCH_REFUSED',
      message: expect.stringContaining('169.254.169.254'),
    })
    expect(seen).toEqual(['outside.example', 'inside.example'])
  })
})

test('a link of our own is read without network; a forged one is an address like any other; an ended one tells its sentence', async () => {
  const store = { db: home.state.db, repository: home.repository }
  const { id } = await storeBackup(home.repository, { files: { '': Buffer.alloc(0), a: Buffer.from('x') } })
  await rebuildCatalogue(store)
  const now = new Date('2026-06-02T00:00:00Z')
  const { link, token } = await createLink(store, { backup: id, element: 'files', actor }, now)
  const ours = ['https://backups.example.org/cairn', 'http://127.0.0.1:7070']
  const address = (host: string, key = token): string => `${host}/download/${key}/${link.file_name}`
  for (const host of ours) expect((await openOwnLink(store, address(host), ours, now))?.backup.id).toBe(id)
  expect(await openOwnLink(store, address('https://elsewhere.example'), ours, now)).toBeNull()
  expect(
    await openOwnLink(
      store,
      address(
        'http://127.0.0.1:7070',
        token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      ),
      ours,
      now,
    ),
  ).toBeNull()
  expect(await openOwnLink(store, 'http://127.0.0.1:7070/v1/sites', ours, now)).toBeNull()
  await expect(openOwnLink(store, address('http://127.0.0.1:7070').replace('files', 'code'), ours, now)).rejects.toMatchObject({
    code: 'LINK_REFUSED',
  })
  await expect(
    openOwnLink(store, address('http://127.0.0.1:7070'), ours, new Date('2026-06-03T00:00:00Z')),
  ).rejects.toMatchObject({
    message: expect.stringContaining('expired at 2026-06-02T01:00:00.000Z'),
  })
  await revokeLink(home.state.db, link.id, now)
  await expect(openOwnLink(store, address('http://127.0.0.1:7070'), ours, now)).rejects.toThrow(/revoked/)
})
