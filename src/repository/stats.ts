import { type Kysely, sql } from 'kysely'
import type { StateTables } from '../state/tables.ts'
import type { Repository, RepositoryStats } from './types.ts'

export async function stats(repository: Repository, db: Kysely<StateTables>): Promise<RepositoryStats> {
  const { rows } = await sql<{ packs: number; bytes: string | null; chunks: number }>`
    select count(*) as packs, sum(length_bytes)::text as bytes, (select count(*) from chunk) as chunks
    from pack where state in ('live', 'condemned')`.execute(db)
  const [row] = rows
  let archiveBytes = 0
  let rawBytes = 0
  const ids = await repository.listBackupObjects()
  for (const id of ids) {
    const object = await repository.readBackupObject(id)
    for (const element of Object.values(object.elements)) {
      archiveBytes += element.archiveLength
      rawBytes += element.rawBytes
    }
  }
  return {
    backups: ids.length,
    packs: row?.packs ?? 0,
    chunks: row?.chunks ?? 0,
    storedBytes: Number(row?.bytes ?? 0),
    archiveBytes,
    rawBytes,
  }
}
