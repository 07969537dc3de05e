import { Failure } from '../base/failure.ts'
import type { Element } from '../contract/words.ts'
import type { SiblingKind } from '../repository/types.ts'
import { json } from '../state/json.ts'
import type { ElementProof } from '../state/tables.ts'
import { type Backup, type BackupStore, recordBackup } from './catalogue.ts'

export interface RebuildReport {
  added: string[]
  changed: string[]
  /** In the catalogue, but the repository does not hold them: an alarm, nothing is done about it here */
  missing: string[]
}

/**
 * Brings the catalogue to what the repository says: backups that were committed just before a crash, changes cut between
 * object and row, or everything after the state database was lost. Safe at every start.
 */
export async function rebuildCatalogue(store: BackupStore): Promise<RebuildReport> {
  const report: RebuildReport = { added: [], changed: [], missing: [] }
  const rows = new Map((await store.db.selectFrom('backup').selectAll().execute()).map((row) => [row.id, row]))
  for (const id of await store.repository.listBackupObjects()) {
    const known = rows.get(id)
    rows.delete(id)
    const row = known ?? (await addRow(store, id))
    const changed = await applySiblings(store, row)
    if (known === undefined) report.added.push(id)
    else if (changed) report.changed.push(id)
  }
  report.missing = [...rows.keys()]
  return report
}

async function addRow(store: BackupStore, id: string): Promise<Backup> {
  const object = await store.repository.readBackupObject(id)
  const { workflowId } = object.facts
  return recordBackup(store.db, object, typeof workflowId === 'string' ? workflowId : null)
}

async function applySiblings(store: BackupStore, row: Backup): Promise<boolean> {
  const said = parseSiblings(row.id, await store.repository.readSiblings(row.id))
  const { proof, ...columns } = said
  const same =
    Object.entries(columns).every(
      ([name, value]) => JSON.stringify(row[name as keyof typeof columns]) === JSON.stringify(value),
    ) &&
    (proof === undefined || sameProof(row.proof, proof))
  if (same) return false
  await store.db
    .updateTable('backup')
    .set({ ...columns, ...(proof === undefined ? {} : { proof: json(proof) }) })
    .where('id', '=', row.id)
    .execute()
  return true
}

type Proof = Partial<Record<Element, ElementProof>>
type Said = Partial<Pick<Backup, 'locked' | 'note' | 'expires_at' | 'deleted_at' | 'state'>> & { proof?: Proof }

/** @throws {Failure} REPOSITORY_DAMAGED for a body of another shape */
function parseSiblings(id: string, siblings: Partial<Record<SiblingKind, Record<string, unknown>>>): Said {
  const said: Said = {}
  const { lock, note, expiry, deletion, proof } = siblings
  if (lock !== undefined) said.locked = lock['locked'] === true
  if (note !== undefined) said.note = typeof note['note'] === 'string' ? note['note'] : null
  if (expiry !== undefined) said.expires_at = dateOrNull(id, expiry['expiresAt'])
  if (deletion !== undefined) said.deleted_at = dateOrNull(id, deletion['deletedAt'])
  if (proof !== undefined) {
    said.state = proof['state'] === 'proven' ? 'proven' : 'damaged'
    said.proof = (proof['elements'] ?? {}) as Proof
  }
  return said
}

function dateOrNull(id: string, value: unknown): Date | null {
  if (value === null) return null
  const date = new Date(String(value))
  if (Number.isNaN(date.getTime())) {
    throw new Failure('REPOSITORY_DAMAGED', `Cannot read what stands beside the backup "${id}": "${String(value)}" is not a time`)
  }
  return date
}

function sameProof(a: Proof | null, b: Proof): boolean {
  const digest = (proof: Proof) =>
    JSON.stringify(
      Object.entries(proof)
        .map(([element, { sha256, provenAt }]) => [element, sha256, provenAt])
        .toSorted(),
    )
  return a !== null && digest(a) === digest(b)
}
