import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../testing.suite.ts'

let api: TestApi
let directory: string
const packed: Record<string, Buffer> = { gz: gzipSync('export {}'), br: brotliCompressSync('export {}') }
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-dashboard-'))
  mkdirSync(join(directory, 'files/assets'), { recursive: true })
  mkdirSync(join(directory, 'docs'))
  writeFileSync(join(directory, 'files/index.html'), '<meta name="style-nonce" content="__STYLE_NONCE__"><div id="root"></div>')
  writeFileSync(join(directory, 'files/assets/main-abc.js'), 'export {}')
  for (const form of ['gz', 'br']) writeFileSync(join(directory, `files/assets/main-abc.js.${form}`), packed[form] ?? '')
  writeFileSync(join(directory, 'files/early.js'), 'early')
  writeFileSync(join(directory, 'docs/troubleshooting.md'), '# Troubleshooting')
  writeFileSync(join(directory, 'secret'), 'words of nobody else')
  api = await startTestApi({ dashboard: { files: join(directory, 'files'), docs: join(directory, 'docs') } })
})
afterAll(async () => {
  await api.stop()
  rmSync(directory, { recursive: true })
})

const ask = async (path: string, accept = 'text/html') => {
  const answer = await fetch(api.url + path, { headers: { accept } })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

test('every address of the dashboard answers with its one page, which runs no inline script', async () => {
  for (const path of ['/', '/sites/blog/live/backups/log?page=2', '/administration/audit', '/invitation']) {
    const { status, headers, text } = await ask(path)
    const policy = headers.get('content-security-policy') ?? ''
    const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? []
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(text).toContain(`content="${nonce}"`)
  }
  const [one, other] = [await ask('/'), await ask('/')]
  expect(one.text).not.toBe(other.text) // the word is of one answer
})

test('programs are answered as before: a problem document, also for a browser below /v1', async () => {
  for (const [path, accept] of [
    ['/sites/blog', 'application/json'],
    ['/v1/nowhere', 'text/html'],
    ['/assets/gone.js', 'text/html'],
  ] as const) {
    const { status, headers } = await ask(path, accept)
    expect([path, status]).toEqual([path, 404])
    expect(headers.get('content-type')).not.toContain('text/html')
  }
})

test('scripts are sent as they lie there, packed, to who unpacks them', async () => {
  for (const [accepted, sent] of [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['identity', null],
  ] as const) {
    const answer = await fetch(`${api.url}/assets/main-abc.js`, { headers: { 'accept-encoding': accepted } })
    expect([answer.headers.get('content-encoding'), await answer.text()]).toEqual([sent, 'export {}'])
    expect(answer.headers.get('content-type')).toContain('javascript')
    expect(answer.headers.get('vary') ?? '').toContain('accept-encoding')
  }
})

test('files with their hash in the name are kept for a year, others for an hour, pages of the documentation as they are written', async () => {
  const script = await ask('/assets/main-abc.js', '*/*')
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(script.headers.get('content-type')).toContain('javascript')
  const early = await ask('/early.js', '*/*')
  expect([early.text, early.headers.get('cache-control')]).toEqual(['early', 'public, max-age=3600'])
  const page = await ask('/docs/troubleshooting.md', '*/*')
  expect([page.text, page.headers.get('content-type')]).toEqual(['# Troubleshooting', 'text/markdown; charset=utf-8'])
})

test('nothing outside of these directories is served', async () => {
  for (const path of [
    '/assets/..%2f..%2fsecret',
    '/docs/..%2fsecret',
    '/docs/%2e%2e%2fsecret.md',
    '/assets/%2e%2e%2findex.html',
  ]) {
    expect([path, (await ask(path, '*/*')).text.includes('words of nobody')]).not.toEqual([path, true])
  }
})
