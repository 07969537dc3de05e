import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedOr } from '../../test/soak.ts'
import { seeded } from '../../test/memoryElement.ts'
import { startTestState, type TestState } from './testing.ts'

let state: TestState
beforeAll(async () => void (state = await startTestState()))
afterAll(() => state.stop())

const lanes = 6
const changesEach = 80
const environments = ['E1', 'E2', 'E3']

test('what is kept of how many backups there are, and how large, is right after many wrote at the same time', async () => {
  const random = seeded(seedOr(11))
  await Promise.all(Array.from({ length: lanes }, (_, lane) => changeThings(lane)))
  await sql`update backup set environment_id = 'E1' where id like 'B1-%'`.execute(state.db) // never beside others: see the migration
  const kept = await sql`select * from backup_total where backups <> 0 or archive_bytes <> 0 order by 1`.execute(state.db)
  const counted = await sql`select environment_id, count(*) as backups, sum(archive_bytes)::int8 as archive_bytes from backup
    where deleted_at is null group by 1 order by 1`.execute(state.db)
  expect(counted.rows).toHaveLength(environments.length)
  expect(kept.rows).toEqual(counted.rows)

  /** Some of them are taken back; all lanes change each other's rows. */
  async function changeThings(lane: number): Promise<void> {
    for (let n = 0; n < changesEach; n++) {
      const other = `B${random(lanes)}-${random(n + 1)}`
      const place = environments[random(environments.length)]
      const elements = JSON.stringify({ files: { archiveLength: random(1e9) }, code: { archiveLength: random(1e6) } })
      const change = [
        sql`update backup set deleted_at = now() where id = ${other}`,
        sql`update backup set deleted_at = null where id = ${other}`,
        sql`update backup set elements = ${elements}::jsonb where id = ${other}`,
        sql`delete from backup where id = ${other}`,
      ][random(4)]
      const isTakenBack = random(5) === 0
      const work = state.db.transaction().execute(async (db) => {
        await sql`insert into backup (id, environment_id, site, environment, trigger, actor, state, moment_at, elements)
          values (${`B${lane}-${n}`}, ${place}, 'shop', 'dev', 'manual', '{}', 'proven', now(), ${elements}::jsonb)`.execute(db)
        if (isTakenBack) throw new Error('taken back')
      })
      await work.catch((error: Error) => expect(error.message).toBe('taken back'))
      await change?.execute(state.db)
    }
  }
})
