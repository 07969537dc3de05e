import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount } from '../../../test/soak.ts'
import { listAudit } from '../../access/audit.ts'
import { loadElement } from '../../backups/archive.ts'
import type { Backup } from '../../backups/catalogue.ts'
import { storeBackup } from '../../backups/storeElement.suite.ts'
import { packPath } from '../../repository/backends/layout.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import type { ChunkRef, StoredEntry } from '../../repository/types.ts'
import { fetchRaw, startTestApi, type TestApi } from '../testing.suite.ts'

let api: TestApi
let backup: Backup
let whole: Buffer
let url: string
const ranges = amount({ few: 60, many: 10_000 })
const otherDate = 'Mon, 01 Jun 2026 10:00:04 GMT'
const name = 'shop_dev_2026-06-01T10-00-00_UTC_files.tar.gz'

beforeAll(async () => {
  api = await startTestApi()
  backup = await storeBackup(api.repository, { files: tree(300, 4 << 10), database: { dump: Buffer.from('SELECT 1;\n') } })
  url = await link('files')
  whole = (await fetchRaw(url)).body
})
afterAll(() => api.stop())

test('an archive comes with its name, exact length, strong tag and date, and is the tar', async () => {
  const answer = await fetchRaw(url)
  expect(answer).toMatchObject({ status: 200, complete: true })
  expect(answer.headers).toMatchObject({
    'content-type': 'application/gzip',
    'content-disposition': `attachment; filename="${name}"`,
    'content-length': String(backup.elements.files?.archiveLength),
    'accept-ranges': 'bytes',
    'last-modified': 'Mon, 01 Jun 2026 10:00:03 GMT',
    etag: expect.stringMatching(/^"[^"]+"$/),
    'cache-control': 'private, no-cache, no-transform',
    'x-content-type-options': 'nosniff',
  })
  expect(answer.headers.location).toBeUndefined()
  expect(answer.body.length).toBe(backup.elements.files?.archiveLength)
  expect(gunzipSync(answer.body).subarray(0, 10).toString()).toBe('files_dev/')
  expect(gunzipSync((await fetchRaw(await link('database'))).body).toString()).toBe('SELECT 1;\n')
})

test('the path of a link needs no quotes in a shell', () => {
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/download\/[A-Za-z0-9_-]{43}\/[A-Za-z0-9._-]+$/)
})

test('HEAD tells the same and sends nothing', async () => {
  const [head, get] = [await fetchRaw(url, {}, 'HEAD'), await fetchRaw(url)]
  for (const header of [
    'content-type',
    'content-disposition',
    'content-length',
    'accept-ranges',
    'last-modified',
    'etag',
    'cache-control',
  ]) {
    expect(get.headers[header]).toBe(head.headers[header])
  }
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String(whole.length)])
})

/** Where ranges go wrong first: the ends, just beyond them, and anywhere; a share of the whole and a step from there */
const place = fc
  .tuple(fc.oneof(fc.constantFrom(0, 1, 1, 2), fc.double({ min: 0, max: 1, noNaN: true })), fc.integer({ min: -2, max: 2 }))
  .map(
    ([share, step]) =>
      () =>
        Math.max(0, Math.floor(share * whole.length) + step),
  )

/** Forms of a Range header, and the slice that each asks for: null where there is none */
const asked = fc.oneof(
  fc.tuple(place, place).map(([a, b]) => () => {
    const [start, end] = [Math.min(a(), b()), Math.max(a(), b())]
    return { range: `bytes=${start}-${end}`, slice: start < whole.length ? [start, Math.min(end, whole.length - 1)] : null }
  }),
  place.map((at) => () => ({ range: `bytes=${at()}-`, slice: at() < whole.length ? [at(), whole.length - 1] : null })),
  place.map((at) => () => ({
    range: `bytes=-${at()}`,
    slice: at() > 0 ? [Math.max(0, whole.length - at()), whole.length - 1] : null,
  })),
)
const tag = fc.constantFrom('none', 'same', 'same date', 'other', 'weak', 'other date')

test(`${ranges} ranges of every form are those slices of the whole, for a foreign tag the whole`, async () => {
  const { etag = '', 'last-modified': modified = '' } = (await fetchRaw(url, {}, 'HEAD')).headers
  const tags = { none: null, same: etag, 'same date': modified, other: '"other"', weak: `W/${etag}`, 'other date': otherDate }
  await fc.assert(
    fc.asyncProperty(asked, tag, async (ask, kind) => {
      const { range, slice } = ask()
      const condition = tags[kind]
      const answer = await fetchRaw(url, { range, ...(condition === null ? {} : { 'if-range': condition }) })
      if (condition !== null && !kind.startsWith('same')) {
        expect([answer.status, answer.body.equals(whole)]).toEqual([200, true])
      } else if (slice === null) {
        expect([answer.status, answer.headers['content-range']]).toEqual([416, `bytes */${whole.length}`])
      } else {
        const [start = 0, end = 0] = slice
        expect([answer.status, answer.headers['content-range']]).toEqual([206, `bytes ${start}-${end}/${whole.length}`])
        expect(answer.headers['content-length']).toBe(String(end - start + 1))
        expect(answer.body.equals(whole.subarray(start, end + 1))).toBe(true)
      }
    }),
    { numRuns: ranges },
  )
})

test('open and suffix ranges, several ranges, and ranges beyond the end', async () => {
  expect((await getRange('bytes=100-')).body.equals(whole.subarray(100))).toBe(true)
  expect((await getRange('bytes=-100')).body.equals(whole.subarray(-100))).toBe(true)
  expect((await getRange(`bytes=5-${whole.length * 2}`)).body.equals(whole.subarray(5))).toBe(true)
  for (const ignored of ['bytes=0-1,5-6', 'bytes=9-5', 'lines=1-2']) {
    const answer = await getRange(ignored)
    expect([answer.status, answer.body.equals(whole)]).toEqual([200, true])
  }
  for (const beyond of [`bytes=${whole.length}-`, 'bytes=-0']) {
    expect(await getRange(beyond)).toMatchObject({ status: 416, headers: { 'content-range': `bytes */${whole.length}` } })
  }
})

test('a renewed link resumes with the tag or the date of the old one, a foreign tag gets the whole', async () => {
  const { etag = '', 'last-modified': modified = '' } = (await fetchRaw(url, {}, 'HEAD')).headers
  const renewed = await link('files')
  expect(renewed).not.toBe(url)
  for (const same of [etag, modified]) {
    expect(await fetchRaw(renewed, { range: 'bytes=1000-', 'if-range': same })).toMatchObject({ status: 206 })
  }
  for (const other of ['"other"', `W/${etag}`, otherDate]) {
    expect((await fetchRaw(renewed, { range: 'bytes=1000-', 'if-range': other })).body.equals(whole)).toBe(true)
  }
  expect(await fetchRaw(url, { 'if-none-match': etag })).toMatchObject({ status: 304, body: Buffer.alloc(0) })
  expect(await fetchRaw(url, { 'if-match': '"other"' })).toMatchObject({ status: 412 })
})

test('an altered, revoked or expired link is refused with the sentence what to do', async () => {
  const token = url.split('/').at(-2) ?? ''
  const revoked = await newLink('files')
  await api.call('DELETE', `/v1/links/${revoked.id}`)
  const expired = await newLink('files')
  await api.db
    .updateTable('link')
    .set({ expires_at: new Date(Date.now() - 1) })
    .where('id', '=', expired.id)
    .execute()
  const refusals = [
    [url.replace(token, `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`), 'altered'],
    [url.replace('_files', '_code'), 'altered'],
    [url.slice(0, -1), 'altered'],
    [revoked.url, 'revoked'],
    [expired.url, 'expired'],
  ] as const
  for (const [address, why] of refusals) {
    const answer = await fetchRaw(address)
    expect([answer.status, answer.headers['content-type']]).toEqual([403, 'application/problem+json'])
    expect(answer.statusMessage).toContain(why)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 'LINK_REFUSED',
      detail: expect.stringContaining(why),
      hint: expect.stringContaining('cairn backup:get'),
    })
  }
  const page = await fetchRaw(expired.url, { accept: 'text/html,*/*' })
  expect(page.headers['content-type']).toContain('text/plain')
  expect(page.body.toString()).toContain('Make a new link')
  expect((await fetchRaw(expired.url, {}, 'HEAD')).status).toBe(403)
})

test('a download under way goes on past the expiry and the deletion, and memory does not fill for a slow client', async () => {
  const large = await storeBackup(api.repository, { files: tree(12, 4 << 20) })
  const slow = await newLink('files', large.id)
  const before = process.memoryUsage().arrayBuffers
  const hash = createHash('sha256')
  let received = 0
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(slow.url, { agent: false }, (response) => {
      response.once('data', (first: Buffer) => {
        response.pause()
        hash.update(first)
        received += first.length
        void (async () => {
          await sleep(700)
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 << 20)
          await api.db
            .updateTable('link')
            .set({ expires_at: new Date(0) })
            .where('id', '=', slow.id)
            .execute()
          await api.call('DELETE', `/v1/backups/${large.id}`)
          expect((await fetchRaw(slow.url)).status).toBe(403)
          response.on('data', (part: Buffer) => {
            hash.update(part)
            received += part.length
          })
          response.resume()
        })().catch(reject)
      })
      response.once('end', resolve)
      response.once('error', reject)
    })
    request.once('error', reject)
    request.end()
  })
  expect(received).toBe(large.elements.files?.archiveLength)
  await api.call('POST', `/v1/backups/${large.id}/recall`, {})
  const again = await newLink('files', large.id)
  expect(hash.digest('hex')).toBe(
    createHash('sha256')
      .update((await fetchRaw(again.url)).body)
      .digest('hex'),
  )
})

test('every download has its row: done, or left by the client', async () => {
  await fetchRaw(url, { range: 'bytes=10-19' })
  await until(async () => {
    const [row] = await listAudit(api.db, 1)
    expect(row).toMatchObject({
      action: 'link.download',
      subject: name,
      site: 'shop',
      environment: 'dev',
      result: 'done',
      address: '127.0.0.1',
      details: { from: 10, lengthBytes: 10, sentBytes: 10 },
    })
  })
  const large = await storeBackup(api.repository, { files: tree(12, 4 << 20) })
  const address = (await newLink('files', large.id)).url
  await new Promise<void>((resolve) => {
    const request = httpRequest(address, { agent: false }, (response) => {
      response.once('data', () => request.destroy())
      response.once('close', resolve)
      response.on('error', () => {})
    })
    request.on('error', () => {})
    request.end()
  })
  await until(async () => expect((await listAudit(api.db, 1))[0]).toMatchObject({ result: 'left' }))
})

test('damage in the middle resets the connection, damage at the beginning is told, and both are in the log', async () => {
  const damaged = await storeBackup(api.repository, { files: tree(200, 64 << 10) })
  const address = (await newLink('files', damaged.id)).url
  const before = await fetchRaw(address)
  expect(before.complete).toBe(true)
  const manifest = await loadElement(api.repository, damaged, 'files')
  const entries: StoredEntry[] = []
  for await (const entry of entriesOf(api.repository, manifest)) entries.push(entry)
  await flip(entries.at(-20)?.chunks[0])
  const answer = await fetchRaw(address)
  expect([answer.status, answer.complete]).toEqual([200, false])
  expect(answer.body.length).toBeLessThan(Number(answer.headers['content-length']))
  expect(answer.body.equals(before.body.subarray(0, answer.body.length))).toBe(true)
  await until(async () => expect((await listAudit(api.db, 1))[0]).toMatchObject({ result: 'CHUNK_DAMAGED' }))

  expect((await fetchRaw(address, { range: 'bytes=0-99999' })).complete).toBe(true)
  const tail = await fetchRaw(address, { range: `bytes=-${64 << 10}` })
  expect(tail).toMatchObject({ status: 206, complete: true })
  await flip(entries.at(2)?.chunks[0])
  const early = await fetchRaw(address, { range: 'bytes=2000-60000' })
  expect(early).toMatchObject({ status: 500, complete: true })
  expect(early.headers['content-range']).toBeUndefined()
  expect(JSON.parse(early.body.toString())).toMatchObject({ code: 'CHUNK_DAMAGED' })
})

function getRange(range: string) {
  return fetchRaw(url, { range })
}

async function flip(chunk: ChunkRef | undefined): Promise<void> {
  if (chunk === undefined) throw new Error('no chunk to damage')
  const [place] = await api.repository.locate([chunk])
  if (place === undefined) throw new Error('no place of the chunk')
  const path = packPath(api.repository.directory, place.pack)
  const at = place.offset + 60 + Math.floor(chunk.encLen / 2)
  chmodSync(path, 0o600) // packs are read-only
  const fd = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(fd, byte, 0, 1, at)
  writeSync(fd, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at)
  closeSync(fd)
  expect(readFileSync(path)[at]).toBe((byte[0] ?? 0) ^ 1)
}

async function newLink(element: 'files' | 'database', id: string = backup.id): Promise<{ id: string; url: string }> {
  const { json } = await api.call('POST', `/v1/backups/${id}/links`, { element })
  return json as { id: string; url: string }
}

async function link(element: 'files' | 'database'): Promise<string> {
  return (await newLink(element)).url
}

function tree(files: number, bytes: number): Record<string, Buffer> {
  const bodies: Record<string, Buffer> = { '': Buffer.alloc(0), 'sub/': Buffer.alloc(0) }
  for (let n = 0; n < files; n++) bodies[`sub/${String(n).padStart(4, '0')}.bin`] = randomBytes(bytes)
  return bodies
}

async function until(check: () => Promise<void>): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      return await check()
    } catch (error) {
      if (left === 0) throw error
      await sleep(40)
    }
  }
}
