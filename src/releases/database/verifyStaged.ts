import { Failure } from '../../base/failure.ts'
import type { Database } from '../../elements/database/connect.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { asideName, type DatabasePlan, qualified } from './plan.ts'

/**
 * Counts the staged rows on the server and holds them, and the list of tables and objects, against what the manifest says.
 *
 * @throws {Failure} VERIFY_FAILED naming the first difference
 */
export async function verifyStaged(plan: DatabasePlan, database: Database, wanted: DumpFacts): Promise<void> {
  const staged = new Map(plan.tables.filter((table) => table.new).map((table) => [table.name, table]))
  for (const table of wanted.tables) {
    const found = staged.get(table.name) ?? fail(`table "${table.name}" is missing`)
    const [row] = await database.query(`SELECT COUNT(*) AS row_count FROM ${qualified(asideName(plan, found, 'new'))}`)
    if (Number(row?.['row_count']) !== table.rows)
      fail(`table "${table.name}" has ${row?.['row_count']} rows, the backup has ${table.rows}`)
    staged.delete(table.name)
  }
  for (const name of wanted.sequences) if (!staged.delete(name)) fail(`sequence "${name}" is missing`)
  for (const name of staged.keys()) fail(`table "${name}" is not in the backup's list`)
  const objects = new Set(plan.new.objects.map(({ object, name }) => `${object === 'function' ? 'procedure' : object} ${name}`))
  const named = [
    ...wanted.views.map((name) => `view ${name}`),
    ...wanted.triggers.map((name) => `trigger ${name}`),
    ...wanted.routines.map((name) => `procedure ${name}`),
    ...wanted.events.map((name) => `event ${name}`),
  ]
  for (const name of named) if (!objects.has(name)) fail(`${name.replace('procedure', 'routine')} is missing`)
}

function fail(found: string): never {
  throw new Failure('VERIFY_FAILED', `Cannot use the staged database: ${found}`, {
    hint: 'Nothing was changed; try another backup',
  })
}
