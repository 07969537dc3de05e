import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../../access/tokens.ts'
import { startTestApi, type TestApi } from '../testing.suite.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

interface Event {
  id: string | null
  event: string
  data: Record<string, unknown>
}

/** Follows until `enough` says so. */
async function follow(enough: (events: Event[]) => boolean, token = api.token, last?: string): Promise<Event[]> {
  const left = new AbortController()
  const answer = await fetch(`${api.url}/v1/events`, {
    headers: { authorization: `Bearer ${token}`, ...(last === undefined ? {} : { 'last-event-id': last }) },
    signal: left.signal,
  })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const events: Event[] = []
  let text = ''
  for await (const bytes of answer.body ?? []) {
    text += Buffer.from(bytes).toString()
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    events.push(...parts.flatMap((part) => parse(part)))
    if (enough(events)) break
  }
  left.abort()
  return events
}

function parse(part: string): Event[] {
  const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? null
  const event = field('event')
  return event === null ? [] : [{ id: field('id'), event, data: JSON.parse(field('data') ?? '{}') as Record<string, unknown> }]
}

const backUp = (site: string) => api.call('POST', `/v1/sites/${site}/environments/dev/backups`, { elements: ['code'] })

test('a change is told as it happens, and what was missed is told to who comes back', async () => {
  const first = follow(
    (events) => events.some(({ event }) => event === 'workflow') && events.some(({ event }) => event === 'change'),
  )
  await new Promise((resolve) => void setTimeout(resolve, 100))
  await backUp('blog')
  const events = await first
  expect(events[0]).toMatchObject({ event: 'hello', data: { missed: false } })
  expect(events.find(({ event }) => event === 'workflow')?.data).toMatchObject({
    kind: 'backup',
    site: 'blog',
    environment: 'dev',
  })
  expect(events.find(({ event }) => event === 'change')?.data).toMatchObject({ action: 'backup.create', site: 'blog' })

  const last = events.at(-1)?.id ?? ''
  await backUp('shop')
  const later = await follow(
    (found) => found.some(({ event, data }) => event === 'workflow' && data['site'] === 'shop'),
    api.token,
    last,
  )
  expect(later[0]).toMatchObject({ event: 'hello', data: { missed: false } })
  expect(later.filter(({ data }) => data['site'] === 'blog')).toEqual([])
})

test('who comes back from before this process is told to ask anew', async () => {
  for (const last of ['000000000000-7', 'nonsense', '']) {
    const [hello] = await follow((events) => events.length > 0, api.token, last)
    expect(hello?.data['missed']).toBe(last !== '')
  }
})

test('nobody is told of a site that they do not see', async () => {
  const { id } = await api.db.selectFrom('person').select('id').executeTakeFirstOrThrow()
  await api.db.insertInto('site').values({ name: 'blog', framework: 'wordpress' }).execute()
  const { token } = await createToken(api.db, { personId: id, name: 'narrow', sites: ['blog'] })
  const narrow = follow((events) => events.filter(({ event }) => event === 'workflow').length > 0, token)
  await new Promise((resolve) => void setTimeout(resolve, 100))
  await backUp('secret')
  await backUp('blog')
  const sites = (await narrow).flatMap(({ data }) => data['site'] ?? [])
  expect(new Set(sites)).toEqual(new Set(['blog']))
})

test('a code that was used ends all streams: it may have ended the session that one of them belongs to', async () => {
  const untilItEnds = follow(() => false)
  await new Promise((resolve) => void setTimeout(resolve, 100))
  const { code } = (await api.call('POST', '/v1/session/link', {})).body
  const body = JSON.stringify({ code })
  const headers = { 'content-type': 'application/json' }
  expect((await fetch(`${api.url}/v1/one-time-codes/use`, { method: 'POST', headers, body })).status).toBe(200)
  expect((await untilItEnds)[0]?.event).toBe('hello')
})
