import type { Framework } from '../../contract/words.ts'
import { connectDatabase, type Database, refusal } from '../../elements/database/connect.ts'
import { quoteName, quoteText } from '../../elements/database/sqlText.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { calmRules } from './calmRules.ts'

export interface CalmOptions {
  framework: Framework
  tablePrefix: string
  /** Of the release that is being prepared; never of one that is live */
  credentials: DatabaseCredentials
}

/**
 * What holds on every environment that is not live, without a word in its database: content goes up to live as well, and what
 * was written there would go along. Search engines are told by a header of each answer.
 */
const always = [
  'no mail leaves this environment',
  'a plugin that speaks to a mail server or another service by itself can still reach it: turn it off here',
  "the site's own cron is off",
  'search engines are asked to stay away',
]

/**
 * Makes the database of another site safe to run beside it, on an environment that is not live: nobody is signed in by the
 * source's sessions, nothing of the source's that waits is carried out here. What needs no database
 * holds on such environments anyway, and is part of what is said. Safe to repeat.
 *
 * @returns what was done, in sentences for the result of the workflow
 * @throws {Failure} DATABASE_REFUSED
 */
export async function calmClone({ framework, tablePrefix, credentials }: CalmOptions): Promise<string[]> {
  const database = await connectDatabase(credentials)
  try {
    const tables = await columnsByTable(database, credentials.database)
    const done: string[] = []
    for (const rule of calmRules[framework]) {
      let rows = 0
      for (const [table, columns] of tables) {
        if (!table.startsWith(tablePrefix) || !rule.table.test(table.slice(tablePrefix.length))) continue
        if (!rule.columns.every((column) => columns.has(column))) continue
        rows += (await database.run(rule.sql.replace('TABLE', quoteName(table)))).affectedRows
      }
      if (rows > 0) done.push(rule.says.replace('#', String(rows)))
    }
    return [...done, ...always]
  } catch (error) {
    throw refusal(error, 'Cannot make the clone safe')
  } finally {
    await database.close()
  }
}

export async function columnsByTable(database: Database, schema: string): Promise<Map<string, Set<string>>> {
  const rows = await database.query(
    `SELECT c.TABLE_NAME AS name, c.COLUMN_NAME AS col FROM information_schema.COLUMNS c
      JOIN information_schema.TABLES t ON t.TABLE_SCHEMA=c.TABLE_SCHEMA AND t.TABLE_NAME=c.TABLE_NAME AND t.TABLE_TYPE='BASE TABLE'
      WHERE c.TABLE_SCHEMA=${quoteText(schema)}`,
  )
  const tables = new Map<string, Set<string>>()
  for (const row of rows) {
    const name = String(row['name'])
    const columns = tables.get(name) ?? new Set()
    tables.set(name, columns.add(String(row['col'])))
  }
  return tables
}
