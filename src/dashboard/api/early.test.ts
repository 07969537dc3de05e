import { expect, test } from 'vitest'

test('an answer that was asked for ahead is taken once, and not after a change', async () => {
  const answer = new Response('{}')
  const early = new Map<string, Promise<Response | null>>([
    ['/v1/session', Promise.resolve(answer)],
    ['/v1/overview', Promise.resolve(null)],
  ])
  Object.assign(globalThis, { early })
  const { takeEarly } = await import('./early.ts')
  expect(await takeEarly('GET', '/v1/session')).toBe(answer)
  expect(await takeEarly('GET', '/v1/session')).toBeNull()
  expect(await takeEarly('GET', '/v1/overview')).toBeNull()
  early.set('/v1/session', Promise.resolve(answer))
  expect(await takeEarly('POST', '/v1/session')).toBeNull()
  expect(await takeEarly('GET', '/v1/session')).toBeNull()
})
