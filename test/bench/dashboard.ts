import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { ensureOwner } from '../../src/access/people.ts'
import { createToken } from '../../src/access/tokens.ts'
import { buildApi } from '../../src/api/buildApi.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import type { BackupStore } from '../../src/backups/catalogue.ts'
import { openQueue } from '../../src/queue/queue.ts'
import { startTestState, type TestState } from '../../src/state/testing.ts'
import { median } from './measure.ts'
import type { Measurement } from './measurement.ts'

const sites = 500
const backupsAll = 100_000
/** What people do not notice */
const limitSeconds = 0.2
const peerName = 'what was promised'

const row = (work: string) => ({ work, peerName, unit: 's', goal: 1 })

/** What the pages of the dashboard wait for, over HTTP on loopback. */
const lists: Measurement = {
  rows: [
    row(`the Sites page: ${sites} sites, ${sites * 3} environments, ${backupsAll.toLocaleString('en')} backups`),
    row('the Backup Log of an environment with 1,000 backups beside them: its first page'),
    row('the same: its last page, with what was searched for'),
    row('Workflows: the first page of as many'),
  ],
  async take(house) {
    const state = await startTestState()
    try {
      await seed(state, house.quick ? 0.01 : 1)
      const api = await serve(state)
      try {
        const taken: number[] = []
        for (const path of asked) taken.push(await timeOf(api, path))
        return taken.map((ours) => ({ ours, peer: limitSeconds }))
      } finally {
        await api.close()
      }
    } finally {
      await state.stop()
    }
  },
}

/** As the pages ask */
const log = '/v1/sites/site-1/environments/live/backups?limit=25'
const asked = ['/v1/overview', `${log}&skip=0`, `${log}&skip=950&search=night`, '/v1/workflows?limit=51&skip=0']

export const dashboard: readonly Measurement[] = [lists]

/** Rows as backups leave them, spread over all environments, with a thousand more in one. */
async function seed({ db }: TestState, part: number): Promise<void> {
  const wanted = Math.round(sites * part)
  const backups = Math.round(backupsAll * part)
  await sql`insert into site (name, label, framework) select 'site-' || n, 'Site ' || n, 'wordpress' from generate_series(1, ${wanted}::int) n`.execute(
    db,
  )
  await sql`insert into environment (id, site, name, kind, code_root, docroot, url, facts)
    select 'E' || n || name, 'site-' || n, name, 'attached', '/var/www/' || n, '/var/www/' || n, 'https://' || n || '.example.org', '{}'
    from generate_series(1, ${wanted}::int) n, unnest(array['dev', 'test', 'live']) name`.execute(db)
  const element = (bytes: number): string =>
    JSON.stringify({
      manifest: 'a'.repeat(152),
      archiveLength: bytes,
      rawBytes: bytes * 3,
      entryCount: 4000,
      momentAt: '',
      etag: 'b'.repeat(64),
    })
  const elements = `{"code":${element(2e7)},"files":${element(3e8)},"database":${element(4e6)}}`
  const proof = `{"code":{"sha256":"${'c'.repeat(64)}","provenAt":"2026-01-01T00:00:00.000Z"}}`
  const insert = (prefix: string, site: number | null, environment: string | null, count: number) =>
    sql`insert into backup (id, environment_id, site, environment, trigger, actor, state, moment_at, expires_at, elements, proof, warnings)
    select ${prefix}::text || n, 'E' || at || environment, 'site-' || at, environment, 'automatic',
      '{"kind":"schedule","id":"nightly","name":"nightly"}', 'proven', now() - n * interval '1 minute', now() + interval '300 days',
      ${elements}::jsonb, ${proof}::jsonb, '[]'
    from generate_series(1, ${count}::int) n,
      lateral (select coalesce(${site}::int, n % ${wanted}::int + 1) as at,
        coalesce(${environment}::text, (array['dev', 'test', 'live'])[n / ${wanted}::int % 3 + 1]) as environment) place`.execute(
      db,
    )
  await insert('B', null, null, backups)
  await insert('M', 1, 'live', Math.max(10, Math.round(1000 * part)))
  await sql`insert into workflow (id, kind, site, environment, actor, input, state, finished_at)
    select 'W' || n, 'backup', 'site-' || (n % ${wanted}::int + 1), (array['dev', 'test', 'live'])[n / ${wanted}::int % 3 + 1],
      '{"kind":"schedule","id":"nightly","name":"nightly"}', '{}', case when n % 50 = 0 then 'failed' else 'succeeded' end, now()
    from generate_series(1, ${backups}::int) n`.execute(db)
  await sql`insert into step (workflow_id, position, name, state, attempt, started_at, finished_at)
    select 'W' || n, position, name, 'succeeded', 1, now(), now()
    from generate_series(1, ${backups}::int) n, unnest(array['capture', 'commit', 'prove']) with ordinality step (name, position)`.execute(
    db,
  )
  await sql`vacuum analyze`.execute(db) // as PostgreSQL does by itself before long
}

async function serve(state: TestState): Promise<{ url: string; token: string; close(): Promise<unknown> }> {
  const { db } = state
  const absent = new Proxy(
    {},
    { get: (_, name) => () => Promise.reject(new Error(`"${String(name)}" is not part of the bench`)) },
  )
  const locksDirectory = mkdtempSync(join(tmpdir(), 'cairn-bench-locks-'))
  const queue = await openQueue({ state, definitions: [], locksDirectory })
  const app = await buildApi({
    ...{ version: 'bench', instance: 'bench', publicUrl: () => '', trustProxy: false, log: null },
    store: { db, repository: absent } as BackupStore,
    sites: { ...absent, findEnvironment: async () => null } as unknown as ApiDeps['sites'],
    journeys: absent as ApiDeps['journeys'],
    queue,
    settings: absent as ApiDeps['settings'],
    key: absent as ApiDeps['key'],
    uploads: absent as ApiDeps['uploads'],
    git: absent as ApiDeps['git'],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const owner = await ensureOwner(db, { email: 'bench@example.org', name: 'Bench' })
  const { token } = await createToken(db, { personId: owner.id, name: 'bench' })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    async close() {
      await app.close()
      await queue.close()
      rmSync(locksDirectory, { recursive: true })
    },
  }
}

/** The median of nine, with the whole answer read; the first two warm up. */
async function timeOf({ url, token }: { url: string; token: string }, path: string): Promise<number> {
  const seconds: number[] = []
  for (let round = 0; round < 11; round++) {
    const began = performance.now()
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    if (round >= 2) seconds.push((performance.now() - began) / 1000)
  }
  return median(seconds)
}
