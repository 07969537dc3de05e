import { expect, test } from 'vitest'
import { addDays, expiryAfter, graceDays, graceExpiry, visibility } from './retain.ts'

const now = new Date('2026-06-15T12:00:00Z')
const days = (count: number): Date => addDays(now, count)
const kept = { expiresAt: days(10), deletedAt: null, locked: false }

test('a backup is shown until it expires or is deleted', () => {
  expect(visibility(kept, now)).toEqual({ kind: 'shown' })
  expect(visibility({ ...kept, expiresAt: null }, now)).toEqual({ kind: 'shown' })
})

test('it hides in the very moment of its expiry and can be recalled for seven days', () => {
  expect(visibility({ ...kept, expiresAt: now }, now)).toEqual({
    kind: 'hidden',
    why: 'expired',
    since: now,
    recallUntil: days(7),
  })
  expect(visibility({ ...kept, expiresAt: days(-7) }, now)).toEqual({ kind: 'gone' })
})

test('a deletion counts from when it was made, whatever the expiry says', () => {
  expect(visibility({ ...kept, deletedAt: days(-1) }, now)).toEqual({
    kind: 'hidden',
    why: 'deleted',
    since: days(-1),
    recallUntil: days(6),
  })
  expect(visibility({ ...kept, expiresAt: days(-30), deletedAt: days(-1) }, now).kind).toBe('hidden')
  expect(visibility({ ...kept, deletedAt: days(-8) }, now)).toEqual({ kind: 'gone' })
})

test('a lock keeps a backup past its expiry, but does not undelete it', () => {
  expect(visibility({ ...kept, expiresAt: days(-100), locked: true }, now)).toEqual({ kind: 'shown' })
  expect(visibility({ ...kept, deletedAt: days(-1), locked: true }, now).kind).toBe('hidden')
})

test('after a recall or an unlock a passed expiry gives time to think', () => {
  expect(graceExpiry(days(-1), now)).toEqual(days(graceDays))
  expect(graceExpiry(days(3), now)).toEqual(days(3))
  expect(graceExpiry(null, now)).toBeNull()
  expect(expiryAfter(now, 365)).toEqual(days(365))
  expect(expiryAfter(now, null)).toBeNull()
})
