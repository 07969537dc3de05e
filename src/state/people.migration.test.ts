import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { searchAudit } from '../access/audit.ts'
import { findCaller } from '../access/tokens.ts'
import * as start from './migrations/0001_start.ts'
import * as managed from './migrations/0003_managed.ts'
import * as upload from './migrations/0004_upload.ts'
import { clientConfig, openState } from './open.ts'
import { startTestState } from './testing.ts'

const id = '01JB2000000000000000000001'
const secret = 'x'.repeat(43)

test('the owner of before there were people stays one, with the old token, and old rows of the audit log are found by their site', async () => {
  const state = await startTestState()
  try {
    await sql`create database before`.execute(state.db)
    const connection = { ...(state.connection as { socketDirectory: string; port: number }), database: 'before' }
    await fillBefore(new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool(clientConfig(connection)) }) }))
    const { db, close } = await openState(connection)
    expect(await findCaller(db, `cairn_${id}_${secret}`)).toMatchObject({
      email: 'owner@example.org',
      rights: { everywhere: 'owner', sites: [], scope: null },
    })
    const rows = await searchAudit(db, { limit: 10 }, null)
    expect(rows.map(({ subject, site, environment }) => [subject, site, environment])).toEqual([
      ['the installation', null, null],
      [id, null, null],
      ['my-shop.live', 'my-shop', 'live'],
    ])
    await close()
  } finally {
    await state.stop()
  }
})

/** What a server of that time had stored. */
async function fillBefore(db: Kysely<unknown>): Promise<void> {
  const migrations = { '0001_start': start, '0003_managed': managed, '0004_upload': upload }
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest()
  expect(error).toBeUndefined()
  const hash = createHash('sha256').update(secret).digest()
  await sql`insert into person (id, email, name) values ('P', 'Owner@example.org', 'O')`.execute(db)
  await sql`insert into machine_token (id, person_id, name, secret_hash) values (${id}, 'P', 'local user', ${hash})`.execute(db)
  for (const subject of ['my-shop.live', id, 'the installation']) {
    await sql`insert into audit (actor, action, subject, result) values ('{}', 'backup.create', ${subject}, 'done')`.execute(db)
  }
  await db.destroy()
}
