// The tools that people download with, against the real server: right names, resume, slices, and no damage taken for a whole.
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { amount } from '../../../test/soak.ts'
import { runChild } from '../../base/spawn.ts'
import type { Backup } from '../../backups/catalogue.ts'
import { loadElement } from '../../backups/archive.ts'
import { storeBackup } from '../../backups/storeElement.suite.ts'
import { entriesOf } from '../../repository/archiveOut.ts'
import { packPath } from '../../repository/backends/layout.ts'
import { fetchRaw, startTestApi, type TestApi } from '../testing.suite.ts'

const name = 'shop_dev_2026-06-01T10-00-00_UTC_files.tar.gz'
const ranges = amount({ few: 2_000, many: 100_000 })
let api: TestApi
let backup: Backup
let whole: Buffer
let folder: string

beforeAll(async () => {
  api = await startTestApi()
  backup = await storeBackup(api.repository, { files: tree(), database: { dump: Buffer.from('SELECT 1;\n') } })
  whole = (await fetchRaw(await link())).body
})
afterAll(() => api.stop())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-download-'))
  return () => rmSync(folder, { recursive: true })
})

test.each([
  ['wget, unquoted', (url: string) => `wget -q ${url}`],
  ['wget, quoted', (url: string) => `wget -q "${url}"`],
  ['wget with the name that the server says', (url: string) => `wget -q --content-disposition ${url}`],
  ['curl -O', (url: string) => `curl -sfO ${url}`],
  ['curl -O -J', (url: string) => `curl -sf -O -J ${url}`],
  ['curl following redirects, of which there is none', (url: string) => `curl -sfL --max-redirs 0 -O ${url}`],
])('%s saves the archive under its right name', async (_tool, command) => {
  await shell(command(await link()))
  expect(readdirSync(folder)).toEqual([name])
  expect(sha256(readFileSync(join(folder, name)))).toBe(sha256(whole))
})

test('wget -c goes on where a cut download ended, with a renewed link and only with the rest', async () => {
  const cutter = await startCutter(new URL(api.url).port, 300_000)
  const cut = await shell(`wget -q --tries=1 ${(await link()).replace(new URL(api.url).port, String(cutter.port))}`, [0, 4])
  cutter.server.close()
  const partBytes = statSync(join(folder, name)).size
  expect([cut, partBytes > 100_000, partBytes < whole.length]).toEqual([4, true, true])
  await shell(`wget -q -c ${await link()}`)
  expect(readdirSync(folder)).toEqual([name])
  expect(sha256(readFileSync(join(folder, name)))).toBe(sha256(whole))
  const row = await api.db.selectFrom('audit').select('details').orderBy('id', 'desc').executeTakeFirstOrThrow()
  expect(row.details).toMatchObject({ from: partBytes, lengthBytes: whole.length - partBytes })
})

test('wget -c of a whole file and curl -C - of a part end well', async () => {
  await shell(`wget -q ${await link()}`)
  await shell(`wget -q -c ${await link()}`)
  truncateSync(join(folder, name), 1234)
  await shell(`curl -sf -C - -O ${await link()}`)
  expect(sha256(readFileSync(join(folder, name)))).toBe(sha256(whole))
})

test('slices of curl -r equal the whole', async () => {
  const url = await link()
  const range = fc
    .tuple(fc.nat(whole.length - 1), fc.nat(whole.length - 1))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  await fc.assert(
    fc.asyncProperty(range, async ([start, end]) => {
      await shell(`curl -sf -r ${start}-${end} -o slice ${url}`)
      expect(readFileSync(join(folder, 'slice')).equals(whole.subarray(start, end + 1))).toBe(true)
    }),
    { numRuns: amount({ few: 50, many: 10_000 }) },
  )
})

test(`${ranges} ranges over HTTP equal the whole`, async () => {
  const url = await link()
  const range = fc.tuple(fc.nat(whole.length - 1), fc.nat(5000)).map(([a, n]) => [a, Math.min(whole.length - 1, a + n)] as const)
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 8, maxLength: 8 }), async (ranges) => {
      await Promise.all(
        ranges.map(async ([start, end]) => {
          const answer = await fetchRaw(url, { range: `bytes=${start}-${end}` })
          expect([answer.status, answer.body.equals(whole.subarray(start, end + 1))]).toEqual([206, true])
        }),
      )
    }),
    { numRuns: ranges / 8 },
  )
})

test('wget tells why a link is refused, and saves nothing', async () => {
  const { json } = await api.call('POST', `/v1/backups/${backup.id}/links`, { element: 'files' })
  await api.call('DELETE', `/v1/links/${String(json?.['id'])}`)
  const { stderr, code } = await runChild('sh', ['-c', `wget ${String(json?.['url'])}`], { cwd: folder, allow: [8] })
  expect([code, readdirSync(folder)]).toEqual([8, []])
  expect(stderr).toContain('revoked')
})

test('no tool takes a damaged archive for a whole one', async () => {
  const damaged = await storeBackup(api.repository, { files: tree(64 << 10) })
  for await (const entry of entriesOf(api.repository, await loadElement(api.repository, damaged, 'files'))) {
    if (entry.path.toString() !== 'sub/0199.bin') continue
    const [place] = await api.repository.locate(entry.chunks)
    const path = packPath(api.repository.directory, place?.pack ?? '')
    chmodSync(path, 0o600)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(64, 0x55), 0, 64, (place?.offset ?? 0) + 500)
    closeSync(fd)
  }
  const url = await link(damaged.id)
  expect([18, 56]).toContain(await shell(`curl -sf -o c ${url}`, [0, 18, 56]))
  expect(await shell(`wget -q --tries=1 -O w ${url}`, [0, 4])).toBe(4)
  for (const file of ['c', 'w']) expect(statSync(join(folder, file)).size).toBeGreaterThan(100_000)
})

async function link(id: string = backup.id): Promise<string> {
  const { json } = await api.call('POST', `/v1/backups/${id}/links`, { element: 'files' })
  return String(json?.['url'])
}

async function shell(command: string, allow: readonly number[] = [0]): Promise<number> {
  return (await runChild('sh', ['-c', command], { cwd: folder, allow })).code
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function tree(bytes = 4 << 10): Record<string, Buffer> {
  const bodies: Record<string, Buffer> = { '': Buffer.alloc(0), 'sub/': Buffer.alloc(0) }
  for (let n = 0; n < 200; n++) bodies[`sub/${String(n).padStart(4, '0')}.bin`] = randomBytes(bytes)
  return bodies
}

/** Passes a connection on, and breaks it after so many bytes of the answer. */
async function startCutter(port: string, afterBytes: number): Promise<{ server: Server; port: number }> {
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    let passed = 0
    client.pipe(upstream)
    upstream.on('data', (part: Buffer) => {
      passed += part.length
      client.write(part)
      if (passed < afterBytes) return
      client.destroySoon()
      upstream.destroy()
    })
    for (const socket of [client, upstream]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
