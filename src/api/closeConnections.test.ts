import { once } from 'node:events'
import { connect } from 'node:net'
import fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { closeConnections } from './closeConnections.ts'

test('a server that closes answers who has asked, and waits for nothing else', { timeout: 20_000 }, async () => {
  const app = fastify()
  closeConnections(app)
  let isAsked: () => void = () => {}
  const asked = new Promise<void>((resolve) => (isAsked = resolve))
  let answer: (text: string) => void = () => {}
  app.get('/', () => new Promise((resolve) => ((answer = resolve), isAsked())))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  const answered = fetch(url)
  await asked
  const silent = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void silent.destroy())
  await once(silent, 'connect')
  const ended = once(silent, 'close')

  const closed = app.close()
  await ended
  answer('late, and whole')
  expect(await (await answered).text()).toBe('late, and whole')
  await closed
})
