import type { Database } from '../../elements/database/connect.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { verifyContent } from '../../elements/database/verifyContent.ts'
import { asideName, type DatabasePlan, qualified } from './plan.ts'

/** @throws {Failure} VERIFY_FAILED naming the first difference between what is staged and what the manifest says */
export async function verifyStaged(plan: DatabasePlan, database: Database, wanted: DumpFacts): Promise<void> {
  const staged = new Map(plan.tables.filter((table) => table.new).map((table) => [table.name, table]))
  const countRows = async (name: string): Promise<number> => {
    const table = staged.get(name)
    if (table === undefined) return 0
    const [row] = await database.query(`SELECT COUNT(*) AS row_count FROM ${qualified(asideName(plan, table, 'new'))}`)
    return Number(row?.['row_count'])
  }
  await verifyContent({ what: 'staged', tables: staged.keys(), objects: plan.new.objects, countRows }, wanted)
}
