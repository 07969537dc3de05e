import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, expect, test } from 'vitest'
import { askFastCgi } from './askFastCgi.ts'
import { cgiParams } from './params.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-fcgi-'))
const path = join(directory, 's')
let server: Server | null = null

afterEach(() => new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve()))))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const stdout = (text: string): Buffer => record(6, Buffer.from(text, 'latin1'))
const end = (status = 0): Buffer => record(3, Buffer.from([0, 0, 0, 0, status, 0, 0, 0]))

test('an answer in any pieces is read, with padding, what PHP says beside it, and several headers of a name', async () => {
  const whole = Buffer.concat([
    record(7, Buffer.from('PHP message: a word')),
    record(6, Buffer.from('Status: 404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Sendfile: /etc/passwd\r\n'), 5),
    stdout('Bad Header: x\r\n\r\nbo'),
    stdout('dy'),
    stdout(''),
    end(),
  ])
  await answerWith((socket) => {
    for (let i = 0; i < whole.length; i++) socket.write(whole.subarray(i, i + 1))
  })
  const answer = await askFastCgi(path, { params: {} })
  expect(await textOf(answer.body)).toBe('body')
  expect(answer).toMatchObject({
    status: 404,
    headers: [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  })
  expect(answer.errors()).toBe('PHP message: a word')
})

test.each<[string, Buffer | null]>([
  ['another version', Buffer.from([9, 6, 0, 1, 0, 0, 0, 0])],
  ['another request', Buffer.from([1, 6, 0, 2, 0, 0, 0, 0])],
  ['a record that is for servers', Buffer.from([1, 4, 0, 1, 0, 0, 0, 0])],
  ['bytes without sense', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
  ['an end without a head', end()],
  ['a refusal: too many connections', end(2)],
  ['an end cut short', record(3, Buffer.from([0]))],
  ['a head without end', Buffer.concat(Array.from({ length: 3 }, () => stdout('X: '.padEnd(30_000, 'x'))))],
  ['a status that is none', Buffer.concat([stdout('Status: 99999\r\n\r\n'), end()])],
  ['an informational status', Buffer.concat([stdout('Status: 101 Switching\r\n\r\n'), end()])],
  ['nothing at all', null],
])('a hostile answer is an error: %s', async (_name, bytes) => {
  await answerWith((socket) => (bytes === null ? socket.destroy() : socket.end(bytes)))
  await expect(askFastCgi(path, { params: {} })).rejects.toMatchObject({ code: 'PHP_FAILED', retry: 'later' })
})

test('an answer that breaks off fails while it is read, and never looks whole', async () => {
  await answerWith((socket) => socket.end(stdout('Content-Type: text/plain\r\n\r\nhalf')))
  const answer = await askFastCgi(path, { params: {} })
  await expect(textOf(answer.body)).rejects.toMatchObject({ code: 'PHP_FAILED' })
})

test('a body that breaks off is not passed as a whole one', async () => {
  const got: Buffer[] = []
  const closed = new Promise<void>((resolve) => {
    void answerWith((socket) => {
      socket.on('data', (bytes) => got.push(bytes))
      socket.on('close', () => resolve())
    })
  })
  await new Promise((resolve) => setImmediate(resolve))
  const body = Readable.from(
    (function* () {
      yield Buffer.from('the first part')
      throw new Error('the client is gone')
    })(),
  )
  await expect(askFastCgi(path, { params: {}, body })).rejects.toMatchObject({ code: 'PHP_FAILED' })
  await closed
  expect(Buffer.concat(got).includes(Buffer.from([1, 5, 0, 1, 0, 0, 0, 0]))).toBe(false) // no end of the body
})

test('a reader that is slow holds PHP up, not memory', async () => {
  const piece = stdout('x'.repeat(60_000))
  let sent = 0
  await answerWith((socket) => {
    socket.write(stdout('Content-Type: text/plain\r\n\r\n'))
    const more = (): void => {
      while (sent < 2000 && !socket.destroyed) {
        sent += 1
        if (!socket.write(piece)) return void socket.once('drain', more)
      }
      socket.end(end())
    }
    more()
  })
  const answer = await askFastCgi(path, { params: {} })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(sent).toBeLessThan(200)
  let length = 0
  for await (const bytes of answer.body as AsyncIterable<Buffer>) length += bytes.length
  expect(length).toBe(2000 * 60_000)
})

test('no header passes for a parameter: HTTP_PROXY, underscores, our own', () => {
  const headers: [string, string][] = [
    ['Proxy', 'http://evil'],
    ['X_Forwarded_For', '1.2.3.4'],
    ['Cairn-Check', 'guess'],
    ['Cookie', 'a=1'],
    ['cookie', 'b=2'],
    ['Accept', 'x'],
    ['accept', 'y'],
  ]
  const request = {
    method: 'GET',
    target: '/a?b=c',
    host: 'h:80',
    isHttps: false,
    headers,
    bodyBytes: null,
    remoteAddress: '::1',
  }
  const params = cgiParams(request, { documentRoot: '/é', scriptName: '/index.php', pathInfo: '' })
  expect(Object.keys(params).filter((name) => /PROXY|FORWARDED|^CAIRN/.test(name))).toEqual([])
  expect(params).toMatchObject({ HTTP_CAIRN_CHECK: 'guess', HTTP_COOKIE: 'a=1; b=2', HTTP_ACCEPT: 'x, y', QUERY_STRING: 'b=c' })
  expect(Buffer.from(params['SCRIPT_FILENAME'] ?? '', 'latin1').toString()).toBe('/é/index.php')
  expect(params).not.toHaveProperty('HTTPS')
})

function answerWith(answer: (socket: Socket) => void): Promise<void> {
  const listening = createServer((socket) => {
    socket.on('error', () => {})
    socket.resume()
    answer(socket)
  })
  server = listening
  return new Promise((resolve) => listening.listen(path, resolve))
}

function record(type: number, content: Buffer, padding = 0): Buffer {
  const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, padding, 0])
  return Buffer.concat([header, content, Buffer.alloc(padding)])
}

async function textOf(body: Readable): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}
