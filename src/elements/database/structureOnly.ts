import type { StructureOnly } from '../../sites/frameworks/framework.ts'
import { rulesOf } from '../../sites/frameworks/rules.ts'
import type { Environment } from '../../sites/environment.ts'
import type { Database } from './connect.ts'
import { quoteText } from './sqlText.ts'

/** Which tables of a site fill again by themselves. */
export interface StructureRules {
  rules: readonly StructureOnly[]
  prefix: string
}

export interface StructureOnlyTable {
  name: string
  reason: string
}

export function structureRules({ framework, tablePrefix }: Pick<Environment, 'framework' | 'tablePrefix'>): StructureRules {
  return { rules: rulesOf(framework).structureOnly, prefix: tablePrefix }
}

/** The tables that the rules mean, in the schema of the connection: by their name, and by columns that no other table has. */
export async function structureOnlyTables(database: Database, { rules, prefix }: StructureRules): Promise<StructureOnlyTable[]> {
  if (rules.length === 0) return []
  const rows = await database.query(
    `SELECT c.TABLE_NAME AS name, c.COLUMN_NAME AS col FROM information_schema.COLUMNS c
      JOIN information_schema.TABLES t ON t.TABLE_SCHEMA=c.TABLE_SCHEMA AND t.TABLE_NAME=c.TABLE_NAME AND t.TABLE_TYPE='BASE TABLE'
      WHERE c.TABLE_SCHEMA=DATABASE() AND LEFT(c.TABLE_NAME, ${prefix.length})=${quoteText(prefix)}
        AND c.COLUMN_NAME IN (${[...new Set(rules.flatMap(({ columns }) => columns))].map(quoteText).join(', ')})`,
  )
  const columns = new Map<string, Set<string>>()
  for (const row of rows) {
    const name = String(row['name'])
    columns.set(name, (columns.get(name) ?? new Set()).add(String(row['col'])))
  }
  return [...columns].flatMap(([name, found]) => {
    const rule = rules.find((one) => one.name.test(name.slice(prefix.length)) && one.columns.every((column) => found.has(column)))
    return rule === undefined ? [] : [{ name, reason: rule.reason }]
  })
}
