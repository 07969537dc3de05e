import type { MysqlHome } from '../../runtime/types.ts'

/**
 * Whether views, triggers, routines or events of a schema run as this account: a site may make some itself. They would fail
 * without it (errors 1045 and 1449); that it is locked does not matter to them.
 */
export async function isDefiner(mysql: Pick<MysqlHome, 'admin'>, account: string, schema: string): Promise<boolean> {
  const admin = await mysql.admin()
  try {
    for (const [table, column] of catalogues) {
      const sql = `SELECT 1 AS one FROM information_schema.${table} WHERE ${column}=? AND DEFINER LIKE ? LIMIT 1`
      if ((await admin.query(sql, [schema, `${account.replaceAll('_', '\\_')}@%`])).length > 0) return true
    }
    return false
  } finally {
    await admin.close()
  }
}

const catalogues = [
  ['VIEWS', 'TABLE_SCHEMA'],
  ['TRIGGERS', 'TRIGGER_SCHEMA'],
  ['ROUTINES', 'ROUTINE_SCHEMA'],
  ['EVENTS', 'EVENT_SCHEMA'],
] as const
