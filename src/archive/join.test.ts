import { randomBytes } from 'node:crypto'
import { constants, crc32, deflateRawSync, gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { amount } from '../../test/soak.ts'
import { combineCrc } from './crc.ts'
import { encodeGlue, padding } from './glue.ts'
import { gzipHeader, gzipTrailer } from './gzip.ts'

const rounds = amount({ few: 300, many: 10_000 })

const raw = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(70_000).map((length) => randomBytes(length)),
  fc.nat(9000).map((times) => Buffer.from('abc def '.repeat(times))),
  fc.nat(3000).map((length) => Buffer.alloc(length)),
)
const encoding = fc.constantFrom(
  encodeGlue,
  ...[0, 1, 6, 9].flatMap((level) =>
    [constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH].map(
      (finishFlush) => (bytes: Buffer) => deflateRawSync(bytes, { level, finishFlush }),
    ),
  ),
)
const fragments = fc.array(fc.record({ raw, encode: encoding }), { maxLength: 30 })

test(`${rounds} random mixes of fragments and glue join to one gzip member that holds the input`, () => {
  fc.assert(
    fc.property(fragments, (list) => {
      const parts: Buffer[] = [gzipHeader]
      let crc = 0
      let length = 0
      for (const fragment of list) {
        parts.push(fragment.encode(fragment.raw))
        crc = combineCrc(crc, crc32(fragment.raw), fragment.raw.length)
        length += fragment.raw.length
      }
      const whole = Buffer.concat([...parts, gzipTrailer(crc, length)])
      expect(gunzipSync(whole).equals(Buffer.concat(list.map((fragment) => fragment.raw)))).toBe(true)
    }),
    { numRuns: rounds },
  )
}, 0)

test('combineCrc() equals the CRC of the whole for any cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(500), (bytes, cut) => {
      const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(combineCrc(crc32(first), crc32(second), second.length)).toBe(crc32(bytes))
    }),
    { numRuns: rounds },
  )
})

test('combineCrc() takes lengths beyond 32 bits: steps give what one step gives', () => {
  const step = 2 ** 30
  let crc = 0x12345678
  for (let i = 0; i < 9; i++) crc = combineCrc(crc, 0xdeadbeef, step)
  let other = 0xdeadbeef
  for (let i = 1; i < 9; i++) other = combineCrc(other, 0xdeadbeef, step)
  expect(combineCrc(0x12345678, other, 9 * step)).toBe(crc)
})

test('padding() fills the last block', () => {
  expect([0, 1, 511, 512, 513, 2 ** 33 + 1].map(padding)).toEqual([0, 511, 1, 0, 511, 511])
})
