import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { startRetention } from './retention.ts'

test('what is overdue is asked for at once and again, one at a time, also after a failure, and not after the stop', async () => {
  const told: unknown[] = []
  let asked = 0
  let running = 0
  const retention = startRetention({
    everyMs: 5,
    log: { warn: (...words: unknown[]) => void told.push(words) },
    async expire() {
      expect(++running).toBe(1)
      await sleep(20)
      running--
      if (++asked === 1) throw new Error('the database was away')
    },
  })
  await sleep(0)
  expect(running).toBe(1)
  await vi.waitUntil(() => asked >= 3, { timeout: 20_000 })
  expect(told).toHaveLength(1)
  await retention.stop()
  expect(running).toBe(0)
  const before = asked
  await sleep(50)
  expect(asked).toBe(before)
})
