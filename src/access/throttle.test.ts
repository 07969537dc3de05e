import { expect, test } from 'vitest'
import { type Attempt, openThrottle, waitMs } from './throttle.ts'

/** A clock that stands still, and waits that are told and not waited for. */
function open() {
  const clock = { now: 0 }
  const waits: number[] = []
  const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds)
  return { clock, waits, throttle: openThrottle(wait, () => clock.now) }
}

const owner: Attempt = { account: 'o@example.org', address: '192.0.2.1', device: null }
const fail = async (): Promise<null> => null
const pass = async (): Promise<true> => true

test('four attempts are free, then each waits twice as long as the one before, up to 15 seconds', async () => {
  const { waits, throttle } = open()
  for (let n = 0; n < 12; n++) expect(await throttle.run(owner, fail)).toBeNull()
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
})

test('attempts at the same time wait as those after each other do', async () => {
  const { waits, throttle } = open()
  await Promise.all(Array.from({ length: 12 }, () => throttle.run(owner, fail)))
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
})

test('whoever fails how often and from wherever: the right password gets in, after 15 seconds at most', async () => {
  const { waits, throttle } = open()
  for (let n = 0; n < 500; n++) await throttle.run({ ...owner, address: `198.51.100.${n % 250}` }, fail)
  waits.length = 0
  expect(await throttle.run(owner, pass)).toBe(true)
  expect(waits).toEqual([15_000])
  expect(await throttle.run(owner, pass)).toBe(true)
  expect(waits).toEqual([15_000]) // the account is at peace again
})

test('a browser that the account knows neither waits for others nor makes them wait', async () => {
  const { waits, throttle } = open()
  const known = { ...owner, device: 'mine' }
  for (let n = 0; n < 50; n++) await throttle.run(owner, fail)
  waits.length = 0
  expect([await throttle.run(known, pass), waits]).toEqual([true, []])
  for (let n = 0; n < 5; n++) await throttle.run(known, fail)
  expect(waits).toEqual([500])
})

test('an address waits whatever account it tries, a household of IPv6 addresses as one', async () => {
  const { waits, throttle } = open()
  const tryFrom = (address: string, account: string) => throttle.run({ account, address, device: null }, fail)
  for (let n = 0; n < 5; n++) await tryFrom('192.0.2.9', `a${n}@example.org`)
  expect(waits).toEqual([500])
  for (let n = 0; n < 5; n++) await tryFrom(`2001:db8:1:2:${n}::1`, `b${n}@example.org`)
  expect(waits).toEqual([500, 500])
})

test('logging in to an account of one’s own does not forgive what was tried at others', async () => {
  const { waits, throttle } = open()
  for (let n = 0; n < 8; n++) {
    await throttle.run({ ...owner, account: `victim${n}@example.org` }, fail)
    await throttle.run({ ...owner, account: 'mine@example.org' }, pass)
  }
  expect(waits.at(-1)).toBe(8000)
})

test('after half an hour without a failure all is forgotten', async () => {
  const { clock, waits, throttle } = open()
  for (let n = 0; n < 6; n++) await throttle.run(owner, fail)
  clock.now += 31 * 60_000
  waits.length = 0
  await throttle.run(owner, fail)
  expect([waits, waitMs(0)]).toEqual([[], 0])
})

test('only twenty from one address are under way at once', async () => {
  const { throttle } = open()
  const gate = Promise.withResolvers<null>()
  const held = Array.from({ length: 20 }, () => throttle.run(owner, () => gate.promise))
  await expect(throttle.run(owner, pass)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  expect(await throttle.run({ ...owner, address: '192.0.2.2' }, pass)).toBe(true)
  gate.resolve(null)
  await Promise.all(held)
  expect(await throttle.run(owner, pass)).toBe(true)
})
