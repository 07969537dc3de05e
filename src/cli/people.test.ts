import { expect, test } from 'vitest'
import type { AuditRow, OneTimeLink, PersonView } from '../contract/accessSchemas.ts'
import { harness, run } from './testing.suite.ts'

const { serve } = harness()

const vera: PersonView = {
  ...{ id: 'P1', email: 'vera@example.org', name: 'Vera', timeZone: null, hasPassword: true, everywhere: 'viewer', tokens: 2 },
  sites: [{ site: 'blog', role: 'developer' }],
  ...{ createdAt: '2026-03-01T10:00:00.000Z', lastSeenAt: null, linkUntil: null },
}
const link: OneTimeLink = {
  ...{ purpose: 'invitation', url: 'http://x/invitation#c', code: 'c', expiresAt: '2026-03-01T10:00:00.000Z' },
}

test('person:invite prints the link alone on stdout, and sends roles over all or on sites', async () => {
  const { env, seen } = await serve({ 'POST /v1/people': () => ({ person: vera, link }) })
  const done = await run(['person:invite', 'vera@example.org', '--role=viewer'], { env })
  expect([done.exit, done.out]).toEqual([0, 'http://x/invitation#c\n'])
  expect(done.err).toContain('shown this once')
  await run(['person', 'invite', 'vera@example.org', '--role=operator', '--site=blog, shop'], { env })
  expect(seen.map(({ body }) => body)).toEqual([
    { email: 'vera@example.org', everywhere: 'viewer' },
    {
      email: 'vera@example.org',
      sites: [
        { site: 'blog', role: 'operator' },
        { site: 'shop', role: 'operator' },
      ],
    },
  ])
})

test('a role that is none, or none of a site, is refused with the nearest right one, before anything is sent', async () => {
  const { env, seen } = await serve({})
  const wrong = await run(['role:grant', 'vera@example.org', 'viever'], { env })
  expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining('Did you mean "viewer"?')])
  expect((await run(['role:grant', 'vera@example.org', 'owner', '--site=blog'], { env })).exit).toBe(2)
  expect((await run(['machine-token:create', 'x', '--action=backup.crate'], { env })).err).toContain(
    'Did you mean "backup.create"?',
  )
  expect((await run(['session:end'], { env })).exit).toBe(2)
  expect((await run(['audit:list', '--since=yesterday'], { env })).exit).toBe(2)
  expect(seen).toEqual([])
})

test('role:grant and role:revoke say where; the one over all is taken away without a site', async () => {
  const { env, seen } = await serve({ 'POST /v1/people/vera%40example.org/roles': () => vera })
  await run(['role:grant', 'vera@example.org', 'developer', '--site=blog'], { env })
  await run(['role:revoke', 'vera@example.org'], { env })
  expect(seen.map(({ body }) => body)).toEqual([
    { site: 'blog', role: 'developer' },
    { site: null, role: null },
  ])
})

test('person:delete asks first, and without anybody to ask does nothing', async () => {
  const { env, seen } = await serve({
    'GET /v1/people/vera%40example.org': () => vera,
    'DELETE /v1/people/P1': (_, response) => void response.writeHead(204).end(),
  })
  const alone = await run(['person:delete', 'vera@example.org'], { env })
  expect([alone.exit, alone.err]).toEqual([6, expect.stringContaining('2 machine tokens end')])
  expect(seen.map(({ method }) => method)).toEqual(['GET'])
  expect((await run(['person:delete', 'vera@example.org', '--yes'], { env })).exit).toBe(0)
  expect(seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/people/P1' })
})

test('machine-token:create prints the token alone; its limits are sent as they were asked for', async () => {
  const limits = { sites: ['blog'], actions: ['backup.create'], expiresAt: null }
  const token = {
    id: 'T',
    name: 'CI',
    email: 'o@example.org',
    ...limits,
    createdAt: '2026-03-01T10:00:00.000Z',
    lastUsedAt: null,
  }
  const { env, seen } = await serve({
    'POST /v1/tokens': () => ({ token: { ...token, lastAddress: null }, secret: 'cairn_T_secret' }),
  })
  const asked = ['machine-token:create', 'CI', '--site=blog', '--action=backup.create', '--expires=9']
  expect((await run(asked, { env })).out).toBe('cairn_T_secret\n')
  expect(seen[0]?.body).toEqual({ name: 'CI', sites: ['blog'], actions: ['backup.create'], expiresInDays: 9 })
})

test('auth:login-link prints an address and nothing else on stdout', async () => {
  const { env } = await serve({ 'POST /v1/session/link': () => ({ ...link, url: 'http://x/login-link#c' }) })
  expect(await run(['auth:login-link'], { env })).toMatchObject({ exit: 0, out: 'http://x/login-link#c\n' })
})

test('audit:list reads page after page until it has as many rows as were asked for', async () => {
  const row = (id: number): AuditRow => ({
    ...{ id, at: '2026-03-01T10:00:00.000Z', action: 'backup.create', site: 'blog', environment: 'live', subject: 'blog.live' },
    ...{ actor: { kind: 'person', id: 'vera@example.org', name: 'Vera' }, result: 'done', address: '::1', details: {} },
  })
  const queries: string[] = []
  const { env } = await serve({
    'GET /v1/audit': ({ query }) => {
      queries.push(query.toString())
      const from = Number(query.get('before') ?? 1001) - 1
      return {
        rows: Array.from({ length: Number(query.get('limit')) }, (_, n) => row(from - n)),
        next: from - Number(query.get('limit')) + 1,
      }
    },
  })
  const { out } = await run(['audit:list', 'blog.live', '--action=backup.', '--limit=600', '--fields=id,who', '--json'], { env })
  const rows = JSON.parse(out) as object[]
  expect([rows.length, rows[0], rows.at(-1)]).toEqual([600, { id: 1000, who: 'Vera' }, { id: 401, who: 'Vera' }])
  expect(queries).toEqual([
    'site=blog&environment=live&action=backup.&limit=500',
    'site=blog&environment=live&action=backup.&before=501&limit=100',
  ])
})
