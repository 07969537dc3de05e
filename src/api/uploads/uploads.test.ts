import { createHash, randomBytes } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../testing.suite.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

const content = randomBytes(3_000_000)
const sha256 = createHash('sha256').update(content).digest('hex')
const headers = () => ({ authorization: `Bearer ${api.token}`, 'tus-resumable': '1.0.0' })

async function begin(): Promise<string> {
  const metadata = `filename ${Buffer.from('site.tar.gz').toString('base64')}`
  const answer = await fetch(`${api.url}/v1/uploads`, {
    method: 'POST',
    headers: { ...headers(), 'upload-length': String(content.length), 'upload-metadata': metadata },
  })
  expect([answer.status, answer.headers.get('tus-resumable')]).toEqual([201, '1.0.0'])
  return answer.headers.get('location') ?? ''
}

/** Sends some bytes and lets the connection break. */
async function sendAndBreak(path: string, from: number, to: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const request = httpRequest(`${api.url}${path}`, {
      method: 'PATCH',
      headers: {
        ...headers(),
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(from),
        'content-length': String(content.length - from),
      },
    })
    request.on('error', () => resolve())
    request.write(content.subarray(from, to), () => setTimeout(() => request.destroy(new Error('cut')), 100))
  })
}

async function offsetOf(path: string): Promise<number> {
  const answer = await fetch(`${api.url}${path}`, { method: 'HEAD', headers: headers() })
  return Number(answer.headers.get('upload-offset'))
}

function resume(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(content, {
      uploadUrl: `${api.url}${path}`,
      headers: { authorization: `Bearer ${api.token}` },
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(),
    })
    upload.start()
  })
}

test('an upload that is cut three times goes on where it was, and ends with its SHA-256 checked', async () => {
  const path = await begin()
  let last = 0
  for (const part of [0.25, 0.5, 0.75]) {
    await sendAndBreak(path, last, Math.floor(content.length * part))
    const end = Date.now() + 20_000
    let now = await offsetOf(path)
    for (; now === last && Date.now() < end; now = await offsetOf(path)) await sleep(20)
    expect(now).toBeGreaterThan(last)
    last = now
  }
  await resume(path)
  const id = path.split('/').at(-1)
  expect((await api.call('GET', path)).json).toMatchObject({ id, state: 'received', offsetBytes: content.length })
  expect((await api.call('POST', `${path}/finish`, { sha256 })).json).toMatchObject({
    state: 'ready',
    sha256,
    fileName: 'site.tar.gz',
  })
})

test('a client that stops without a word is given up, and one connection may send many pieces', async () => {
  const other = await api.beside({ limits: { stallMs: 100 } })
  const path = await begin()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  const patch = (base: string, offset: number, length: number, bytes: Buffer) =>
    new Promise<number | null>((resolve) => {
      const request = httpRequest(`${base}${path}`, {
        method: 'PATCH',
        agent,
        headers: {
          ...headers(),
          'content-type': 'application/offset+octet-stream',
          'upload-offset': String(offset),
          'content-length': String(length),
        },
      })
      request.on('error', () => resolve(null))
      request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
      request.write(bytes, () => (bytes.length === length ? request.end() : undefined))
    })
  for (let part = 0; part < 15; part++) {
    expect(await patch(api.url, part * 1000, 1000, content.subarray(part * 1000, (part + 1) * 1000))).toBe(204)
  }
  expect(await patch(other.url, 15_000, 100_000, content.subarray(15_000, 20_000))).not.toBe(204)
  process.off('warning', onWarning)
  agent.destroy()
  await other.stop()
  expect(warnings).toEqual([])
})

test('refusals are problem documents with the status that the protocol wants', async () => {
  const path = await begin()
  const patch = (offset: string, type = 'application/offset+octet-stream') =>
    fetch(`${api.url}${path}`, {
      method: 'PATCH',
      headers: { ...headers(), 'upload-offset': offset, 'content-type': type },
      body: 'hello',
    })
  const conflict = await patch('7')
  expect([conflict.status, conflict.headers.get('content-type'), ((await conflict.json()) as { code: string }).code]).toEqual([
    409,
    'application/problem+json',
    'INPUT_INVALID',
  ])
  expect((await patch('0', 'application/json')).status).toBe(400)
  expect((await api.call('POST', '/v1/uploads')).status).toBe(412) // not a word of tus
  expect((await api.call('GET', '/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV')).json).toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
  expect((await api.call('POST', `${path}/finish`, { sha256: 'x' })).status).toBe(400)
  expect((await fetch(`${api.url}${path}`, { method: 'DELETE', headers: headers() })).status).toBe(204)
  expect((await api.call('GET', path)).status).toBe(404)
})
