import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { quietRun } from '../../base/run.ts'
import { openArchive } from '../../repository/archiveOut.ts'
import { backupOf, startTestRepository, type TestRepository } from '../../repository/testing.ts'
import { captureStream } from './captureStream.ts'
import type { Captured } from './captureTree.ts'
import { stopIdleThreads } from './warmThreads.ts'

let home: TestRepository
beforeAll(async () => {
  home = await startTestRepository()
})
afterAll(async () => {
  await stopIdleThreads()
  await home.stop()
})

interface Section {
  name: string
  body: Buffer
}

/** Statements that do not repeat themselves, about `length` bytes. */
function rows(table: string, length: number, change = ''): Buffer {
  const parts: string[] = []
  for (let i = 0, size = 0; size < length; i++) {
    const line = `INSERT INTO ${table} VALUES (${i},'${createHash('sha1').update(`${table}${i}`).digest('hex')}${i === 700 ? change : ''}');\n`
    parts.push(line)
    size += line.length
  }
  return Buffer.from(parts.join(''))
}

async function* stream(
  sections: readonly Section[],
  pieceBytes: number,
): AsyncGenerator<{ name: string; data: AsyncIterable<Buffer> }> {
  for (const { name, body } of sections) {
    async function* data(): AsyncGenerator<Buffer> {
      for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes)
    }
    yield { name, data: data() }
  }
}

async function capture(sections: readonly Section[], previous: Captured | null = null, pieceBytes = 65_536): Promise<Captured> {
  const session = await home.repository.openSession()
  const captured = await captureStream({
    repository: home.repository,
    session,
    sections: stream(sections, pieceBytes),
    element: 'database',
    previous,
    codec: { name: 'zlib', level: 1 },
    run: quietRun(),
    facts: () => ({ tables: sections.length }),
  })
  await home.repository.commitBackup(session, backupOf(captured.manifest, captured.ref))
  return captured
}

async function download(captured: Captured): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of (await openArchive(home.repository, captured.manifest)).read()) parts.push(part)
  return gunzipSync(Buffer.concat(parts))
}

const dump = (change = ''): Section[] => [
  { name: 'header', body: Buffer.from('-- a dump\n') },
  ...Array.from({ length: 150 }, (_, i) => [
    { name: `table/t${i}/ddl`, body: Buffer.from(`CREATE TABLE t${i} (a int);\n`) },
    { name: `table/t${i}/data`, body: i === 7 ? rows(`t${i}`, 6_000_000, change) : rows(`t${i}`, i % 3 === 0 ? 0 : i * 100) },
  ]).flat(),
  { name: 'trailer', body: Buffer.from('-- Dump completed\n') },
]

test('the sections of a dump come back one after another, however they came in', async () => {
  const whole = Buffer.concat(dump().map(({ body }) => body))
  const first = await capture(dump())
  expect((await download(first)).equals(whole)).toBe(true)
  expect(first.manifest).toMatchObject({
    form: 'sql',
    entryCount: 302,
    rawBytes: whole.length,
    archiveRawLength: whole.length,
    facts: { tables: 302 },
  })
  const again = await capture(dump(), first, 1_000_003)
  expect(again.unchanged).toBe(true)
  const before = await home.repository.stats()
  const changed = await capture(dump('!'), first, 7001)
  expect(changed.unchanged).toBe(false)
  expect((await download(changed)).equals(Buffer.concat(dump('!').map(({ body }) => body)))).toBe(true)
  expect((await home.repository.stats()).storedBytes - before.storedBytes).toBeLessThan(400_000)
  expect((await home.repository.check({ readData: true })).problems).toEqual([])
})

test('a dump that fails half way stores no manifest, and says its own reason', async () => {
  const session = await home.repository.openSession()
  async function* failing(): AsyncGenerator<{ name: string; data: AsyncIterable<Buffer> }> {
    yield* stream(dump().slice(0, 40), 65_536)
    throw new Error('the dump client died')
  }
  const options = {
    repository: home.repository,
    session,
    element: 'database',
    previous: null,
    codec: { name: 'zlib', level: 1 },
    run: quietRun(),
  } as const
  await expect(captureStream({ ...options, sections: failing() })).rejects.toThrow('the dump client died')
  await session.close()
})

test('a cancelled capture closes the stream that it reads', async () => {
  const session = await home.repository.openSession()
  const controller = new AbortController()
  let closed = false
  async function* endless(): AsyncGenerator<{ name: string; data: AsyncIterable<Buffer> }> {
    async function* data(): AsyncGenerator<Buffer> {
      try {
        for (let i = 0; ; i++) {
          if (i === 50) controller.abort()
          yield Buffer.alloc(65_536, i)
        }
      } finally {
        closed = true
      }
    }
    yield { name: 'endless', data: data() }
  }
  const options = {
    repository: home.repository,
    session,
    element: 'database',
    previous: null,
    codec: { name: 'zlib', level: 1 },
  } as const
  await expect(captureStream({ ...options, sections: endless(), run: quietRun(controller.signal) })).rejects.toMatchObject({
    code: 'WORKFLOW_CANCELLED',
  })
  await expect.poll(() => closed).toBe(true)
  await session.close()
})
