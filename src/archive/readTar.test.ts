import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { padding } from './glue.ts'
import { readTar, type TarLimits, type TarMember } from './readTar.ts'
import { type TarFacts, tarHeader, tarSeconds } from './tarHeader.ts'

const none = Buffer.alloc(0)

test('what tarHeader() writes, readTar() reads: names, numbers, targets and bodies', async () => {
  const name = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => {
    const part = Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)))
    return part.equals(Buffer.from('.')) || part.equals(Buffer.from('..')) ? Buffer.from('dot') : part
  })
  const path = fc.array(name, { minLength: 1, maxLength: 9 }).map((parts) => joined(parts))
  const member = fc.record({
    path,
    kind: fc.constantFrom('file' as const, 'directory' as const, 'link' as const),
    mode: fc.nat(0o7777),
    uid: fc.constantFrom(0, 33, 2 ** 21 - 1, 2 ** 21, 2 ** 32 - 2),
    gid: fc.constantFrom(0, 33, 2 ** 21),
    mtimeNs: fc.bigInt({ min: -5_000_000_000n, max: 10_000_000_000_000_000_000n }),
    body: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
    to: path,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 8 }), async (list) => {
      const entries = list.map((one) => ({
        ...one,
        sizeBytes: one.kind === 'file' ? one.body.length : 0,
        target: one.kind === 'link' ? one.to : none,
      }))
      const read = await readAll(tar(entries.map((entry) => [entry, entry.kind === 'file' ? entry.body : none])))
      const want = entries.map(({ path, kind, mode, uid, gid, mtimeNs, sizeBytes, target, body }) => ({
        entry: { path, kind, mode, uid, gid, mtimeSeconds: tarSeconds(mtimeNs), sizeBytes, target },
        body: kind === 'file' ? body : none,
      }))
      expect(read).toEqual(want)
    }),
    { numRuns: 150 },
  )
})

test('the prefix comes before every path, and the root directory bears its name', async () => {
  const prefix = Buffer.from('files_dev/')
  const root = { ...file('', 0), kind: 'directory' as const }
  const headers = [tarHeader(root, prefix), tarHeader(file('a', 0), prefix), Buffer.alloc(1024)]
  expect((await readAll(headers)).map((member) => member.entry.path.toString())).toEqual(['files_dev', 'files_dev/a'])
  expect(tarHeader(root, none).length).toBe(0)
})

test('a size of more than 8 GiB is written in base-256', () => {
  expect(tarHeader(file('big', 2 ** 33), none).toString('hex', 124, 136)).toBe('800000000000000200000000')
  expect(tarHeader(file('big', 2 ** 33 - 1), none).toString('latin1', 124, 136)).toBe('77777777777\0')
})

test('a body that nobody reads is passed over', async () => {
  const paths: string[] = []
  const source = tar([
    [file('a', 200_000), Buffer.alloc(200_000, 1)],
    [file('b', 3), Buffer.from('abc')],
  ])
  for await (const { entry } of readTar(Readable.from(source))) paths.push(entry.path.toString())
  expect(paths).toEqual(['a', 'b'])
})

test('other kinds than file, directory and link are passed over and named', async () => {
  const skipped: string[] = []
  const archive = pack()
  for (const type of ['fifo', 'character-device', 'block-device', 'link'] as const)
    archive.entry({ name: type, type, linkname: 'a' })
  archive.entry({ name: 'kept' }, 'text')
  archive.finalize()
  const read: string[] = []
  const onSkipped = (path: Buffer, type: string): void => void skipped.push(`${path.toString()} ${type}`)
  for await (const { entry } of readTar(archive as AsyncIterable<Buffer>, { onSkipped })) read.push(entry.path.toString())
  expect(read).toEqual(['kept'])
  expect(skipped).toEqual(['fifo', 'character-device', 'block-device', 'link'].map((type) => `${type} ${type}`))
})

test.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', './x', '..', 'a/./b', '/', 'a/..'])(
  'the path %j is refused',
  async (path) => {
    await expect(readAll(tar([[file(path, 0), none]]))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
  },
)

test.each<[string, () => Buffer[], Partial<TarLimits>]>([
  ['a wrong checksum', () => flip(tar([[file('a', 0), none]]), 3), {}],
  [
    'a cut inside a body',
    () =>
      tar([[file('a', 5000), Buffer.alloc(5000)]])
        .map((part, index) => (index === 1 ? part.subarray(0, 2000) : part))
        .slice(0, 2),
    {},
  ],
  ['a missing end', () => tar([[file('a', 512), Buffer.alloc(512, 1)]]).slice(0, -1), {}],
  ['half an end', () => [...tar([[file('a', 512), Buffer.alloc(512, 1)]]).slice(0, -1), Buffer.alloc(512)], {}],
  ['no bytes at all', () => [], {}],
  ['text', () => [Buffer.from('<html>'.repeat(1000))], {}],
  ['zeros without end', () => Array.from({ length: 100 }, () => Buffer.alloc(1 << 20)), {}],
  ['a long name without end', () => [longName(2 ** 40), ...Array.from({ length: 100 }, () => Buffer.alloc(1 << 20, 0x61))], {}],
  [
    'long names without end',
    () => Array.from({ length: 100 }, () => [longName(1 << 20), Buffer.alloc(1 << 20, 0x61)]).flat(),
    {},
  ],
  [
    'too many entries',
    () =>
      tar([
        [file('a', 0), none],
        [file('b', 0), none],
      ]),
    { entriesMax: 1 },
  ],
  ['a file that is too big', () => tar([[file('a', 11), Buffer.alloc(11)]]), { fileBytesMax: 10 }],
  [
    'too much in all',
    () =>
      tar([
        [file('a', 6), Buffer.alloc(6)],
        [file('b', 6), Buffer.alloc(6)],
      ]),
    { totalBytesMax: 10 },
  ],
])('an archive with %s is refused', async (_, make, limits) => {
  await expect(readAll(make(), limits)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
})

test('a directory with a body is refused: the parser would wait for it for ever', async () => {
  const header = tarHeader({ ...file('d', 512), kind: 'directory' }, none)
  header.write('00000001000\0', 124)
  header.write('        ', 148)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  await expect(readAll([header, Buffer.alloc(512, 0x61), Buffer.alloc(1024)])).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
})

test('an error of the source comes through as it is', async () => {
  const broken = new Error('the disk is gone')
  async function* source(): AsyncGenerator<Buffer> {
    yield* tar([[file('a', 5000), Buffer.alloc(5000)]]).slice(0, 1)
    throw broken
  }
  await expect(collect(readTar(source()))).rejects.toBe(broken)
})

test('the source is closed when the reader stops early', async () => {
  let closed = false
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield* tar([[file('a', 100_000), Buffer.alloc(100_000)]]).slice(0, -1)
    } finally {
      closed = true
    }
  }
  for await (const _ of readTar(source())) break
  expect(closed).toBe(true)
})

test('a body left half read is an error, not an early end', async () => {
  const source = tar([
    [file('a', 500_000), Buffer.alloc(500_000)],
    [file('b', 0), none],
  ])
  const read = async (): Promise<void> => {
    for await (const { body } of readTar(Readable.from(source))) for await (const _ of body) break
  }
  await expect(read()).rejects.toThrow()
})

function file(path: string, sizeBytes: number): TarFacts {
  return { path: Buffer.from(path), kind: 'file', mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, sizeBytes, target: none }
}

function tar(members: readonly (readonly [TarFacts, Buffer])[]): Buffer[] {
  const parts = members.map(([entry, body]) => [tarHeader(entry, none), body, Buffer.alloc(padding(body.length))])
  return [...parts.flat(), Buffer.alloc(1024)].filter((part) => part.length > 0)
}

function longName(sizeBytes: number): Buffer {
  const header = tarHeader(file('././@LongLink', sizeBytes), none)
  header[156] = 0x4c
  header.write('        ', 148)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function flip(parts: Buffer[], at: number): Buffer[] {
  const whole = Buffer.concat(parts)
  whole[at] = (whole[at] as number) ^ 1
  return [whole]
}

function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from('/'), part])))
}

async function readAll(parts: Buffer[], limits: Partial<TarLimits> = {}): Promise<{ entry: TarMember['entry']; body: Buffer }[]> {
  return collect(readTar(Readable.from(parts), limits))
}

async function collect(members: AsyncIterable<TarMember>): Promise<{ entry: TarMember['entry']; body: Buffer }[]> {
  const all: { entry: TarMember['entry']; body: Buffer }[] = []
  for await (const { entry, body } of members) {
    const parts: Buffer[] = []
    for await (const part of body) parts.push(part)
    all.push({ entry, body: Buffer.concat(parts) })
  }
  return all
}
