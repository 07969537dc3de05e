import { randomBytes } from 'node:crypto'
import { constants, crc32, deflateRawSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combineCrc } from '../archive/crc.ts'
import { gzipHeader, gzipTrailer } from '../archive/gzip.ts'
import { isalFound } from './codecs/isal.ts'
import { FragmentEncoder, inflateFragment, looksCompressed } from './fragment.ts'

const choices = [
  { name: 'zlib', level: 1 },
  { name: 'zlib', level: 6 },
  { name: 'zlib', level: 9 },
  ...(isalFound() ? [0, 1, 2, 3].map((level) => ({ name: 'isal', level }) as const) : []),
] as const

test('fragments of every codec, mixed, join to one gzip that says the same', () => {
  const encoders = choices.map((choice) => new FragmentEncoder(choice))
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.string({ maxLength: 20_000 }).map((text) => Buffer.from(text)),
    fc.tuple(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 0, max: 255 })).map(([n, value]) => Buffer.alloc(n, value)),
    fc.integer({ min: 0, max: 70_000 }).map((n) => randomBytes(n)),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(body, fc.nat(choices.length - 1), fc.boolean()), { maxLength: 8 }), (parts) => {
      const fragments: Buffer[] = []
      let crc = 0
      let length = 0
      for (const [raw, codec, probe] of parts) {
        const fragment = (encoders[codec] as FragmentEncoder).encode(raw, probe)
        expect(fragment.crc).toBe(crc32(raw))
        fragments.push(Buffer.from(fragment.bytes))
        expect(inflateFragment(fragment.bytes, raw.length).equals(raw)).toBe(true)
        crc = combineCrc(crc, fragment.crc, raw.length)
        length += raw.length
      }
      const gzip = Buffer.concat([gzipHeader, ...fragments, Buffer.from([3, 0]), gzipTrailer(crc, length).subarray(-8)])
      expect(gunzipSync(gzip).equals(Buffer.concat(parts.map(([raw]) => raw)))).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a compressor that errs is caught by the proof', () => {
  const raw = Buffer.from('a body that is compressed wrongly '.repeat(50))
  const sync = { finishFlush: constants.Z_SYNC_FLUSH }
  const right = deflateRawSync(raw, sync)
  const wrong: Record<string, Buffer> = {
    'a final block': deflateRawSync(raw),
    'a final block, and more behind it': Buffer.concat([deflateRawSync(raw), Buffer.from([0, 0, 0, 255, 255])]),
    'an end within a byte': deflateRawSync(raw, { finishFlush: constants.Z_PARTIAL_FLUSH }),
    'another text': deflateRawSync(Buffer.concat([raw, raw]), sync),
    'half a text': deflateRawSync(raw.subarray(0, 100), sync),
    'a bit that fell': Buffer.from(right.map((byte, index) => (index === 20 ? byte ^ 4 : byte))),
  }
  const encode = (bytes: Buffer) => new FragmentEncoder({ number: 1, deflate: () => bytes }).encode(raw, false).bytes.length
  expect(encode(right)).toBe(right.length)
  for (const [what, bytes] of Object.entries(wrong)) expect(() => encode(bytes), what).toThrow()
})

test('compressed formats are told by name, and stored where a sample agrees', () => {
  expect(looksCompressed('a/b.JPG')).toBe(true)
  expect(looksCompressed('a/b.php')).toBe(false)
  const encoder = new FragmentEncoder({ name: 'zlib', level: 6 })
  const noise = randomBytes(200_000)
  expect(encoder.encode(noise, true)).toMatchObject({ codec: 0, bytes: { length: 200_000 + 4 * 5 + 5 } })
  expect(encoder.encode(Buffer.alloc(200_000), true).bytes.length).toBeLessThan(1000)
})

test('hostile bytes do not inflate to another length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(1000), (bytes, length) => {
      try {
        expect(inflateFragment(bytes, length).length).toBe(length)
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHUNK_DAMAGED' })
      }
    }),
  )
  const bomb = new FragmentEncoder({ name: 'zlib', level: 9 }).encode(Buffer.alloc(4 << 20), false)
  expect(() => inflateFragment(bomb.bytes, 100)).toThrow(/inflate/)
})
