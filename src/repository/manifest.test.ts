import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { fileOf, MemoryChunks, seeded, someTree, storeElement } from '../../test/memoryElement.ts'
import { buildManifest, decodeManifest, encodeManifest } from './manifest.ts'
import type { Manifest } from './types.ts'

const sample = storeElement(new MemoryChunks(), someTree(500, seeded(1)), { prefix: 'files_dev/', entriesInPageMax: 100 })

test('decodeManifest() gives back what encodeManifest() was given, and the same bytes again', () => {
  const bytes = encodeManifest({ ...sample, facts: { tables: { b: 1, a: [2, { d: 3, c: null }] } } })
  const read = decodeManifest(bytes)
  expect(read).toEqual({ ...sample, facts: { tables: { b: 1, a: [2, { d: 3, c: null }] } } })
  expect(encodeManifest(read).equals(bytes)).toBe(true)
})

test('the order in which facts were put together does not show', () => {
  const one = encodeManifest({ ...sample, facts: { a: 1, b: { c: 2, d: 3 } } })
  const other = encodeManifest({ ...sample, facts: { b: { d: 3, c: 2 }, a: 1 } })
  expect(one.equals(other)).toBe(true)
})

test('a small element has these bytes and this ETag for ever', () => {
  const manifest = storeElement(new MemoryChunks(), [fileOf('a', Buffer.from('text'))], { prefix: 'files_dev/', level: () => 0 })
  expect(manifest.etag).toBe('izmudoH6VieRKqDs_v5mXXIrk7wStvXqaeew-wWDZSs')
})

test('the totals are those of the pages', () => {
  expect(sample.entryCount).toBe(sample.pages.reduce((sum, page) => sum + page.entryCount, 0))
  const raw = sample.pages.reduce((sum, page) => sum + page.rawLength, 0)
  expect(sample.archiveRawLength).toBe(raw + (sample.pages.at(-1)?.padOut ?? 0) + 1024)
  expect(sample.archiveRawLength % 512).toBe(0)
})

test('the ETag changes with the key, the contents and the prefix, and with nothing else', () => {
  expect(etag('x', '')).toBe(etag('x', ''))
  expect(new Set([etag('x', ''), etag('y', ''), etag('x', 'files_dev/')]).size).toBe(3)
  expect(buildManifest({ ...sample, madeAt: '2020-01-01T00:00:00Z', facts: { a: 1 } }, new MemoryChunks().etagKey).etag).toBe(
    sample.etag,
  )
  expect(buildManifest(sample, createSecretKey(Buffer.alloc(32, 8))).etag).not.toBe(sample.etag)
})

test.each<[string, (root: Record<string, unknown>) => void]>([
  ['another version', (root) => void (root['version'] = 2)],
  ['no pages', (root) => void delete root['pages']],
  ['a length that its pages do not make', (root) => void (root['archiveLength'] = sample.archiveLength + 1)],
  ['one entry too many', (root) => void (root['entryCount'] = sample.entryCount + 1)],
  ['a negative length', (root) => void (root['rawBytes'] = -1)],
  ['a length that is text', (root) => void (root['archiveLength'] = '20')],
  ['glue of a later version', (root) => void (root['glueVersion'] = 2)],
  ['an unknown form', (root) => void (root['form'] = 'zip')],
  ['an element that nobody knows', (root) => void (root['element'] = 'mail')],
  ['a time that is none', (root) => void (root['madeAt'] = 'yesterday')],
  ['facts that are a list', (root) => void (root['facts'] = [])],
  ['pages in another order', (root) => void (root['pages'] = (root['pages'] as unknown[]).toReversed())],
  ['a page that is null', (root) => void ((root['pages'] as unknown[])[0] = null)],
  [
    'a short digest',
    (root) => void ((root['pages'] as Record<string, unknown>[])[0] = { ...(root['pages'] as object[])[0], digest: 'AAAA' }),
  ],
  [
    'a short reference',
    (root) => void ((root['pages'] as Record<string, unknown>[])[0] = { ...(root['pages'] as object[])[0], ref: 'AAAA' }),
  ],
])('a root with %s is MANIFEST_DAMAGED', (_, change) => {
  const root = JSON.parse(encodeManifest(sample).toString()) as Record<string, unknown>
  change(root)
  expect(codeOf(() => decodeManifest(Buffer.from(JSON.stringify(root))))).toBe('MANIFEST_DAMAGED')
})

test.each(['', 'null', '[]', '{', '"text"', '\0\0'])('the bytes %j are MANIFEST_DAMAGED', (text) => {
  expect(codeOf(() => decodeManifest(Buffer.from(text)))).toBe('MANIFEST_DAMAGED')
})

test('pages that were summarized with another padding are refused', () => {
  const pages: Manifest['pages'] = sample.pages.map((page, index) =>
    index === 1 ? { ...page, padIn: (page.padIn + 1) % 512 } : page,
  )
  expect(() => buildManifest({ ...sample, pages }, new MemoryChunks().etagKey)).toThrow('wrong padding')
})

function etag(text: string, prefix: string): string {
  return storeElement(new MemoryChunks(), [fileOf('a', Buffer.from(text))], { prefix }).etag
}

function codeOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}
