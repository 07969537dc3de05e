import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryOf, MemoryChunks, seeded, someTree } from '../../test/memoryElement.ts'
import { amount } from '../../test/soak.ts'
import { decodePage, encodePage, isPageCut, summarizePage } from './page.ts'
import type { StoredEntry } from './types.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value))
const number32 = fc.nat(2 ** 32 - 1)
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value))
const chunk = fc.record({ id: digest, encMac: digest, rawLen: number32, encLen: number32, crc: number32 })
const name = fc.string({ unit: 'grapheme', maxLength: 20 })
const entry = fc.record({
  path: bytes(300),
  kind: fc.constantFrom('file' as const, 'directory' as const, 'link' as const),
  mode: fc.nat(0o7777),
  uid: number32,
  gid: number32,
  user: name,
  group: name,
  mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  sizeBytes: fc.maxSafeNat(),
  target: bytes(200),
  secret: fc.boolean(),
  linkGroup: fc.nat(1e9),
  chunks: fc.array(chunk, { maxLength: 5 }),
})

test('decodePage() gives back what encodePage() was given, and the same bytes again', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const page = encodePage(entries)
      expect(decodePage(page)).toEqual(entries)
      expect(encodePage(decodePage(page)).equals(page)).toBe(true)
    }),
    { numRuns: amount({ few: 200, many: 10_000 }) },
  )
})

test('fields of a later version are kept, whatever else changes about the entry', () => {
  const known = encodePage([stored('a')])
  const record = known.subarray(2) // behind the version and a length of one byte
  const later = Buffer.from([20 * 2, 5, 21 * 2 + 1, 3, 1, 2, 3])
  const page = Buffer.concat([known.subarray(0, 1), Buffer.of(record.length + later.length), record, later])
  const [read] = decodePage(page)
  if (read === undefined) expect.fail('no entry')
  expect(encodePage([read]).equals(page)).toBe(true)
  const [again] = decodePage(encodePage([{ ...read, mode: 0o600 }]))
  expect(again).toMatchObject({ mode: 0o600, unknown: later })
})

test('a page of ordinary entries takes the same bytes for ever', () => {
  const entries: StoredEntry[] = [
    stored('', { kind: 'directory', mode: 0o755 }),
    {
      ...stored('wp-config.php', { sizeBytes: 5, secret: true }),
      chunks: [{ id: Buffer.alloc(32, 1), encMac: Buffer.alloc(32, 2), rawLen: 5, encLen: 10, crc: 3 }],
    },
    stored('x/link', { kind: 'link', target: Buffer.from('../y'), linkGroup: 2, mtimeNs: -1n }),
  ]
  const owner = '08210a210d087777772d646174610f087777772d64617461' // 33, 33, www-data, www-data
  const time = '1080c49fd50c12959aef3a'
  const chunks = `194c${'01'.repeat(32)}${'02'.repeat(32)}050000000a00000003000000`
  expect(encodePage(entries).toString('hex')).toBe(
    [
      `01`,
      `28040106ed03${owner}${time}`,
      `8701030d77702d636f6e6669672e70687006a403${owner}${time}1405${chunks}1a01`,
      `350306782f6c696e6b040206a403${owner}100112ff93ebdc0317042e2e2f791c02`,
    ].join(''),
  )
})

test.each<[string, string]>([
  ['no version', ''],
  ['another version', '02'],
  ['a record that is cut off', '0105030161'],
  ['bytes that are cut off', '01020305'],
  ['a number that is cut off', '010108'],
  ['a number that is too long', '010308808000'],
  ['a number beyond 2^53', `010a08${'ff'.repeat(8)}7f`],
  ['a field twice', '0104080108 01'],
  ['fields out of order', '01040a010801'],
  ['a kind that nobody knows', '01020409'],
  ['a mode of more than twelve bits', '0103068020'],
  ['bytes where a number should be', '010305 01 61'],
  ['a number where bytes should be', '01020261'],
  ['nanoseconds beyond a second', '01061280 94ebdc03'],
  ['a chunk reference of the wrong length', '01051903616263'],
  ['an unknown field that is cut off', '010329057f'],
])('a page with %s is MANIFEST_DAMAGED', (_, hex) => {
  expect(codeOf(() => decodePage(Buffer.from(hex.replaceAll(' ', ''), 'hex')))).toBe('MANIFEST_DAMAGED')
})

test('no bytes whatever make decodePage() throw anything but MANIFEST_DAMAGED', () => {
  const good = encodePage(someTree(30, seeded(1)).map(({ entry: one }) => ({ ...one, chunks: [] })))
  const random = seeded(2)
  for (let i = 0; i < amount({ few: 3000, many: 1_000_000 }); i++) {
    const hostile =
      i % 3 === 0
        ? Buffer.concat([Buffer.of(1), randomBytes(random(60))])
        : Buffer.from(good.subarray(0, 1 + random(good.length)))
    for (let flips = random(4); flips > 0; flips--) hostile[1 + random(hostile.length - 1)] = random(256)
    expect(['MANIFEST_DAMAGED', undefined]).toContain(codeOf(() => decodePage(hostile)))
  }
})

test('pages are cut by the path alone: a new entry moves no other cut', () => {
  const paths = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`wp-content/uploads/2024/05/photo-${i}-300x200.jpg`))
  const before = cuts(paths)
  const after = cuts([...paths.slice(0, 5000), Buffer.from('wp-content/uploads/2024/05/new.jpg'), ...paths.slice(5000)])
  const changed = after.filter((path) => !before.includes(path))
  expect(changed.length).toBeLessThanOrEqual(3)
  expect(before.length).toBeGreaterThan(20_000 / 350)
  expect(before.length).toBeLessThan(20_000 / 150)
})

test('a page never has more than 1024 entries', () => {
  const same = Array.from({ length: 5000 }, () => Buffer.from('the same path for ever'))
  expect(cuts(same).length).toBeGreaterThanOrEqual(4)
})

test('only the glue of the first entry depends on the padding that comes in', () => {
  const entries = someTree(50, seeded(4)).map(({ entry: one }) => ({ ...one, sizeBytes: 0, chunks: [] }))
  const form = { prefix: '', form: 'tar' as const }
  const [a, b] = [summarizePage(entries, 0, form), summarizePage(entries, 300, form)]
  expect(b.rawLength - a.rawLength).toBe(300)
  expect(b.padOut).toBe(a.padOut)
  expect(b.digest.equals(a.digest)).toBe(false)
})

test('the digest tells another encoding of the same chunk', () => {
  const chunks = new MemoryChunks()
  const raw = Buffer.from('some words, again '.repeat(50))
  const [a, b] = [1, 9].map((level) => ({ ...stored('a', { sizeBytes: raw.length }), chunks: [chunks.put(raw, level)] }))
  if (a === undefined || b === undefined) expect.fail('two entries')
  const form = { prefix: '', form: 'tar' as const }
  expect(summarizePage([a], 0, form).digest.equals(summarizePage([b], 0, form).digest)).toBe(false)
})

test('chunks that do not add up to the size are refused before anything is committed', () => {
  expect(() => summarizePage([stored('a', { sizeBytes: 1 })], 0, { prefix: '', form: 'tar' })).toThrow(
    'hold 0 bytes instead of 1',
  )
})

function stored(path: string, change: Partial<StoredEntry> = {}): StoredEntry {
  return { ...entryOf(path), chunks: [], ...change }
}

test('bodies of a gigabyte end a page, however few they are', () => {
  const path = Buffer.from('wp-content/uploads/film.mp4')
  expect(isPageCut(path, 1, 2 ** 30 - 1)).toBe(false)
  expect(isPageCut(path, 1, 2 ** 30)).toBe(true)
})

function cuts(paths: readonly Buffer[]): string[] {
  let count = 0
  return paths
    .filter((path) => {
      count++
      if (!isPageCut(path, count, 0)) return false
      count = 0
      return true
    })
    .map(String)
}

function codeOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}
