import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judge, rangeHolds } from './conditions.ts'
import { parseRange } from './range.ts'

describe('parseRange()', () => {
  test.each([
    [undefined, { kind: 'whole' }],
    ['bytes=0-0', { kind: 'part', start: 0, endInclusive: 0 }],
    ['bytes=0-', { kind: 'part', start: 0, endInclusive: 99 }],
    ['bytes=10-19', { kind: 'part', start: 10, endInclusive: 19 }],
    ['bytes=10-1000', { kind: 'part', start: 10, endInclusive: 99 }],
    ['bytes=99-99999999999999999999999', { kind: 'part', start: 99, endInclusive: 99 }],
    ['bytes=-1', { kind: 'part', start: 99, endInclusive: 99 }],
    ['bytes=-1000', { kind: 'part', start: 0, endInclusive: 99 }],
    ['Bytes = 1-2', { kind: 'part', start: 1, endInclusive: 2 }],
    ['bytes=100-', { kind: 'unsatisfiable' }],
    ['bytes=99999999999999999999999-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=20-10', { kind: 'whole' }],
    ['bytes=0-1,5-6', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['bytes=a-b', { kind: 'whole' }],
    ['items=0-1', { kind: 'whole' }],
    ['', { kind: 'whole' }],
  ])('of %j in 100 bytes is %j', (header, wanted) => {
    expect(parseRange(header, 100)).toEqual(wanted)
  })

  test('never leaves the archive, whatever the header says', () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n })).map(([a, b]) => `bytes=${a}-${b}`),
    )
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 2 ** 40 }), (text, length) => {
        const wanted = parseRange(text, length)
        if (wanted.kind === 'part')
          expect(0 <= wanted.start && wanted.start <= wanted.endInclusive && wanted.endInclusive < length).toBe(true)
      }),
    )
  })
})

const validators = { etag: '"abc"', modifiedAt: new Date('2026-01-02T03:04:05.678Z') }
const at = 'Fri, 02 Jan 2026 03:04:05 GMT'
const before = 'Fri, 02 Jan 2026 03:04:04 GMT'

test('If-Range holds for the very same tag or date only', () => {
  for (const same of [undefined, '"abc"', at]) expect(rangeHolds(same, validators)).toBe(true)
  for (const other of ['"abd"', 'W/"abc"', 'abc', before, 'Fri, 02 Jan 2026 03:04:06 GMT', ''])
    expect(rangeHolds(other, validators)).toBe(false)
})

test.each([
  [{}, 'go-on'],
  [{ 'if-none-match': '"abc"' }, 'not-modified'],
  [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
  [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
  [{ 'if-none-match': '*' }, 'not-modified'],
  [{ 'if-none-match': '"x"', 'if-modified-since': at }, 'go-on'],
  [{ 'if-modified-since': at }, 'not-modified'],
  [{ 'if-modified-since': before }, 'go-on'],
  [{ 'if-modified-since': 'yesterday' }, 'go-on'],
  [{ 'if-match': '"abc"' }, 'go-on'],
  [{ 'if-match': 'W/"abc"' }, 'precondition-failed'],
  [{ 'if-match': '"x"' }, 'precondition-failed'],
  [{ 'if-match': '"abc"', 'if-unmodified-since': before }, 'go-on'],
  [{ 'if-unmodified-since': before }, 'precondition-failed'],
  [{ 'if-unmodified-since': at }, 'go-on'],
] as const)('a request with %j: %s', (headers, verdict) => {
  expect(judge(headers, validators)).toBe(verdict)
})
