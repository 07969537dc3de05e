import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Download, download } from './download.ts'
import { problem, startServer } from './testing.suite.ts'

const body = randomBytes(3_000_000)
const sha256 = createHash('sha256').update(body).digest('hex')
let directory = ''
let target = ''
let stop: () => Promise<void> = async () => {}
/** What each request asked for, and how the next answers misbehave */
let asked: { range: string | undefined; ifRange: string | undefined }[] = []
let faults: ('cut' | 'stall' | 'expired')[] = []
let etag = '"one"'
let url = ''

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-download-'))
  target = join(directory, 'x.tar.gz')
  asked = []
  faults = []
  etag = '"one"'
  const server = await startServer({
    'GET /download/token/x.tar.gz': (request, response) => {
      const { range, 'if-range': ifRange } = request.headers
      asked.push({ range, ifRange: ifRange as string | undefined })
      const fault = faults.shift()
      if (fault === 'expired') return problem(response, 403, 'LINK_REFUSED', 'this link has expired, make a new one')
      const from = range !== undefined && ifRange === etag ? Number(/\d+/.exec(range)?.[0]) : 0
      const headers = { etag, 'content-length': body.length - from, 'accept-ranges': 'bytes' }
      if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` })
      else response.writeHead(200, headers)
      if (fault === undefined) return void response.end(body.subarray(from))
      response.write(body.subarray(from, from + 1_000_000), () => {
        if (fault === 'cut') setTimeout(() => response.destroy(), 50)
      })
      return undefined
    },
  })
  stop = server.stop
  url = `${server.url}/download/token/x.tar.gz`
})

afterEach(async () => {
  await stop()
  rmSync(directory, { recursive: true, force: true })
})

const get = (change: Partial<Download> = {}) =>
  download({
    url,
    target,
    sha256,
    sizeBytes: body.length,
    overwrite: false,
    stallMs: 2_000,
    pauseMs: 5,
    renew: async () => url,
    onProgress: () => {},
    say: () => {},
    ...change,
  })

test('a download is checked, gets its name, and leaves nothing beside it', async () => {
  expect(await get()).toEqual({ resumedAt: 0 })
  expect(readFileSync(target).equals(body)).toBe(true)
  expect(readdirSync(directory)).toEqual(['x.tar.gz'])
})

test('a connection that is cut or stalls is taken up where it stopped, with Range and If-Range', async () => {
  faults = ['cut', 'stall']
  await get()
  expect(readFileSync(target).equals(body)).toBe(true)
  expect(asked).toHaveLength(3)
  for (const request of asked.slice(1))
    expect(request).toMatchObject({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/), ifRange: '"one"' })
})

test('a second call goes on with the part of the first', async () => {
  faults = ['cut']
  const stop = new AbortController()
  await expect(get({ onProgress: () => stop.abort(), signal: stop.signal, stallMs: 10_000 })).rejects.toThrow()
  const size = statSync(`${target}.part`).size
  expect(size).toBeGreaterThan(0)
  faults = []
  expect(await get()).toEqual({ resumedAt: size })
  expect(asked.at(-1)).toEqual({ range: `bytes=${size}-`, ifRange: '"one"' })
  expect(readFileSync(target).equals(body)).toBe(true)
})

test('an archive that is another one by now is loaded from its first byte', async () => {
  writeFileSync(`${target}.part`, 'of another archive')
  writeFileSync(`${target}.part.etag`, '"another"\n')
  await get()
  expect(readFileSync(target).equals(body)).toBe(true)
})

test('a part of unknown origin is not used', async () => {
  writeFileSync(`${target}.part`, body.subarray(0, 1000))
  expect(await get()).toEqual({ resumedAt: 0 })
  expect(asked).toEqual([{ range: undefined, ifRange: undefined }])
})

test('a part that is longer than the archive, or whole already, ends right', async () => {
  writeFileSync(`${target}.part.etag`, etag)
  writeFileSync(`${target}.part`, Buffer.concat([body, body]))
  await get()
  rmSync(target)
  writeFileSync(`${target}.part.etag`, etag)
  writeFileSync(`${target}.part`, body)
  asked = []
  await get()
  expect(asked).toEqual([])
  expect(readFileSync(target).equals(body)).toBe(true)
})

test('a link that expires on the way is renewed', async () => {
  faults = ['cut', 'expired']
  let renewed = 0
  await get({
    renew: async () => {
      renewed += 1
      return url
    },
  })
  expect(renewed).toBe(1)
  expect(readFileSync(target).equals(body)).toBe(true)
})

test('a wrong hash keeps nothing', async () => {
  await expect(get({ sha256: '00'.repeat(32) })).rejects.toMatchObject({ code: 'DOWNLOAD_DAMAGED' })
  expect(readdirSync(directory)).toEqual([])
})

test('an existing target is refused before anything is asked for, and replaced only with overwrite', async () => {
  writeFileSync(target, 'mine')
  await expect(get()).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  expect(asked).toEqual([])
  await get({ overwrite: true })
  expect(readFileSync(target).equals(body)).toBe(true)
})

test('a target that appears meanwhile is not replaced either', async () => {
  await expect(get({ onProgress: () => writeFileSync(target, 'mine') })).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  expect(readFileSync(target, 'utf8')).toBe('mine')
  expect(existsSync(`${target}.part`)).toBe(true)
})

test('it gives up after six tries that bring nothing, and keeps the part', async () => {
  faults = ['cut', ...Array.from({ length: 9 }, () => 'expired' as const)]
  await expect(get()).rejects.toMatchObject({ code: 'LINK_REFUSED' })
  expect(asked.length).toBeLessThanOrEqual(7)
  expect(existsSync(`${target}.part`)).toBe(true)
})
