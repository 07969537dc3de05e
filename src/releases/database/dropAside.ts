import type { Database } from '../../elements/database/connect.ts'
import { quoteName, quoteText } from '../../elements/database/sqlText.ts'
import { asideSchema, type DatabasePlan, stagedPrefix } from './plan.ts'

/**
 * Drops whatever stands aside under this plan's id: staged and displaced tables, or the two further schemas. The live tables
 * are never among them, by their names.
 */
export async function dropAside(database: Database, plan: Pick<DatabasePlan, 'id' | 'mode' | 'schema'>): Promise<void> {
  await database.run('SET SESSION foreign_key_checks=0')
  if (plan.mode === 'admin') {
    for (const side of ['old', 'new'] as const)
      await database.run(`DROP DATABASE IF EXISTS ${quoteName(asideSchema(plan, side))}`)
    return
  }
  const rows = await database.query(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA=${quoteText(plan.schema)}`,
  )
  const own = new RegExp(`^${stagedPrefix(plan)}[io][0-9]+$`)
  for (const row of rows) {
    const name = String(row['name'])
    if (!own.test(name)) continue
    await database.run(
      `DROP ${row['type'] === 'SEQUENCE' ? 'SEQUENCE' : 'TABLE'} IF EXISTS ${quoteName(plan.schema)}.${quoteName(name)}`,
    )
  }
}
