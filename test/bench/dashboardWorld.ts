import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { ensureOwner } from '../../src/access/people.ts'
import { beginSession } from '../../src/access/sessions.ts'
import { createToken } from '../../src/access/tokens.ts'
import { buildApi } from '../../src/api/buildApi.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import type { BackupStore } from '../../src/backups/catalogue.ts'
import { openQueue } from '../../src/queue/queue.ts'
import type { TestState } from '../../src/state/testing.ts'

export const sites = 500
export const backupsAll = 100_000

/** Rows as backups leave them, spread over all environments, with a thousand more in one. */
export async function seed({ db }: TestState, part: number): Promise<void> {
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

export interface Served {
  url: string
  /** Of a machine */
  token: string
  /** Of somebody who is logged in */
  cookie: string
  close(): Promise<unknown>
}

/** The interface, and the dashboard as it was built, on what `seed` left. */
export async function serve(state: TestState): Promise<Served> {
  const { db } = state
  const root = join(import.meta.dirname, '../..')
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
    dashboard: { files: join(root, 'dist/dashboard'), docs: join(root, 'docs') },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const owner = await ensureOwner(db, { email: 'bench@example.org', name: 'Bench' })
  const { token } = await createToken(db, { personId: owner.id, name: 'bench' })
  const session = await beginSession(db, owner.id, { address: null, client: null }, { idleMs: 3_600_000, lifeMs: 3_600_000 })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    cookie: session.cookie,
    async close() {
      await app.close()
      await queue.close()
      rmSync(locksDirectory, { recursive: true })
    },
  }
}
