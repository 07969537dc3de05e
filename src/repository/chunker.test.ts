import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { chunkClasses, cutChunk, cutWhole } from './chunker.ts'
import { RepositoryKeys } from './keys.ts'

const { gear } = new RepositoryKeys({ repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', master: Buffer.alloc(32, 7) })

function noise(length: number, seed = 1): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i * 32 < length; i++) parts.push(createHash('sha256').update(`${seed}.${i}`).digest())
  return Buffer.concat(parts).subarray(0, length)
}

test('chunks add up to the body and keep to their limits', () => {
  for (const length of [0, 1, 65_536, 65_537, 3_000_000]) {
    const lengths = cutWhole(gear, noise(length), 0, length)
    expect(lengths.reduce((sum, one) => sum + one, 0)).toBe(length)
    for (const one of lengths.slice(0, -1)) {
      expect(one).toBeGreaterThanOrEqual(length > 65_536 ? chunkClasses.file.min : 1)
      expect(one).toBeLessThanOrEqual(chunkClasses.file.max)
    }
  }
  expect(cutWhole(gear, noise(65_536), 0, 65_536)).toEqual([65_536])
})

test('a stream is cut where the whole is, however it comes', () => {
  const body = noise(2_000_000)
  const whole = cutWhole(gear, body, 0, body.length)
  const streamed: number[] = []
  const size = chunkClasses.file
  let from = 0
  for (let have = 100_000; from < body.length; have = Math.min(body.length, have + 77_777)) {
    for (;;) {
      const length = cutChunk(gear, body, from, have, size, have === body.length)
      if (length <= 0) break
      streamed.push(length)
      from += length
    }
  }
  expect(streamed).toEqual(whole)
})

test('an insertion moves few cuts', () => {
  const body = noise(4_000_000)
  const changed = Buffer.concat([body.subarray(0, 1_500_000), Buffer.from('inserted'), body.subarray(1_500_000)])
  const ends = (bytes: Buffer) => {
    let at = 0
    return cutWhole(gear, bytes, 0, bytes.length).map((length) => bytes.length - (at += length))
  }
  const before = new Set(ends(body))
  const same = ends(changed).filter((end) => before.has(end)).length
  expect(same).toBeGreaterThan(ends(changed).length / 2)
})

test('golden: cuts depend on the key and on nothing else', () => {
  const lengths = cutWhole(gear, noise(2_000_000), 0, 2_000_000)
  expect(lengths).toMatchInlineSnapshot(`
    [
      71304,
      367428,
      278340,
      480071,
      272174,
      322297,
      208386,
    ]
  `)
  const other = new RepositoryKeys({ repositoryId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', master: Buffer.alloc(32, 8) })
  expect(cutWhole(other.gear, noise(2_000_000), 0, 2_000_000)).not.toEqual(lengths)
})
