import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holdsStored, storedFragment } from './storedBlocks.ts'

test('stored blocks hold what they were made of, and nothing else', () => {
  for (const length of [1, 65_535, 65_536, 200_000]) {
    const raw = randomBytes(length)
    const fragment = storedFragment(raw)
    expect(holdsStored(fragment, raw)).toBe(true)
    expect(holdsStored(fragment, raw.subarray(1))).toBe(false)
    expect(holdsStored(fragment, Buffer.concat([raw, raw]))).toBe(false)
    expect(holdsStored(fragment.subarray(0, -1), raw)).toBe(false)
    expect(holdsStored(Buffer.concat([fragment, Buffer.of(0)]), raw)).toBe(false)
  }
})

test('no bit of a stored fragment can change unseen', () => {
  const raw = randomBytes(70_000)
  const fragment = storedFragment(raw)
  const place = fc.oneof(
    fc.nat(fragment.length - 1),
    fc.nat(5),
    fc.nat(5).map((n) => 65_535 + n),
    fc.nat(10).map((n) => fragment.length - 1 - n),
  )
  fc.assert(
    fc.property(place, fc.nat(7), (at, bit) => {
      fragment[at] = (fragment[at] as number) ^ (1 << bit)
      const holds = holdsStored(fragment, raw)
      fragment[at] = (fragment[at] as number) ^ (1 << bit)
      expect(holds).toBe(false)
    }),
  )
})
