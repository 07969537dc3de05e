import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { startSweep } from './sweep.ts'

test('chores are done at once and again, one at a time, also after a failure, and not after the stop', async () => {
  const told: unknown[] = []
  let asked = 0
  let beside = 0
  let running = 0
  const first = {
    otherwise: 'it was not done',
    async run() {
      expect(++running).toBe(1)
      await sleep(20)
      running--
      if (++asked === 1) throw new Error('the database was away')
    },
  }
  const second = { otherwise: '', run: async () => void (beside += running === 0 ? 1 : 0) }
  const log = { warn: (...words: unknown[]) => void told.push(words[1]) }
  const sweep = startSweep({ everyMs: 5, log, chores: [first, second] })
  await sleep(0)
  expect(running).toBe(1)
  await vi.waitUntil(() => asked >= 3, { timeout: 20_000 })
  expect(told).toEqual(['it was not done'])
  expect(beside).toBeGreaterThanOrEqual(2)
  await sweep.stop()
  expect(running).toBe(0)
  const before = asked
  await sleep(50)
  expect(asked).toBe(before)
})
