import { Failure } from '../base/failure.ts'
import type { Actor, Element } from '../contract/words.ts'
import type { SiblingKind } from '../repository/types.ts'
import { json } from '../state/json.ts'
import type { ElementProof } from '../state/tables.ts'
import { type Backup, type BackupStore, findBackup } from './catalogue.ts'
import { expiryAfter, graceExpiry, visibility } from './retain.ts'

/**
 * Every change of a backup writes the numbered object beside it first and the row second, with the row locked meanwhile: the
 * store leads, and {@link rebuildCatalogue} finishes what was cut between the two.
 */
interface Change {
  siblings: Partial<Record<SiblingKind, Record<string, unknown>>>
  row: Partial<Pick<Backup, 'expires_at' | 'locked' | 'note' | 'deleted_at' | 'state'>> & {
    proof?: Partial<Record<Element, ElementProof>>
  }
}

export interface WantedChange {
  locked?: boolean
  note?: string | null
  /** Counted from now; null keeps for ever */
  keepForDays?: number | null
}

/** Locks, unlocks, annotates, sets the expiry. One that expired under its lock gets a time of grace when it is unlocked. */
export async function changeBackup(
  store: BackupStore,
  name: string,
  wanted: WantedChange,
  actor: Actor,
  now: Date = new Date(),
): Promise<Backup> {
  const { id } = await findBackup(store, name, { now })
  return change(store, id, actor, now, (row) => {
    const made: Change = { siblings: {}, row: {} }
    if (wanted.note !== undefined) {
      made.siblings.note = { note: wanted.note }
      made.row.note = wanted.note
    }
    let expiresAt = wanted.keepForDays === undefined ? row.expires_at : expiryAfter(now, wanted.keepForDays)
    if (wanted.locked !== undefined) {
      made.siblings.lock = { locked: wanted.locked }
      made.row.locked = wanted.locked
      if (!wanted.locked) expiresAt = graceExpiry(expiresAt, now)
    }
    if (expiresAt?.getTime() !== row.expires_at?.getTime()) {
      made.siblings.expiry = { expiresAt: expiresAt?.toISOString() ?? null }
      made.row.expires_at = expiresAt
    }
    return made
  })
}

/**
 * Hides a backup at once; its bytes stay for as long as it can be recalled. A second call changes nothing.
 *
 * @throws {Failure} BACKUP_LOCKED
 */
export async function deleteBackup(store: BackupStore, name: string, actor: Actor, now: Date = new Date()): Promise<Backup> {
  const { id } = await findBackup(store, name, { hidden: true, now })
  return change(store, id, actor, now, (row) => {
    if (row.locked) {
      throw new Failure('BACKUP_LOCKED', `Cannot delete the backup "${id}": it is locked`, {
        hint: 'Unlock it first with "cairn backup:unlock"',
      })
    }
    if (row.deleted_at !== null) return { siblings: {}, row: {} }
    return { siblings: { deletion: { deletedAt: now.toISOString() } }, row: { deleted_at: now } }
  })
}

/** Shows an expired or deleted backup again, within seven days; one whose expiry has passed gets a time of grace. */
export async function recallBackup(store: BackupStore, name: string, actor: Actor, now: Date = new Date()): Promise<Backup> {
  const { id } = await findBackup(store, name, { hidden: true, now })
  return change(store, id, actor, now, (row) => {
    const made: Change = { siblings: {}, row: {} }
    if (visibility({ expiresAt: row.expires_at, deletedAt: row.deleted_at, locked: row.locked }, now).kind !== 'hidden')
      return made
    const expiresAt = row.locked ? row.expires_at : graceExpiry(row.expires_at, now)
    if (row.deleted_at !== null) {
      made.siblings.deletion = { deletedAt: null }
      made.row.deleted_at = null
    }
    if (expiresAt !== row.expires_at) {
      made.siblings.expiry = { expiresAt: expiresAt?.toISOString() ?? null }
      made.row.expires_at = expiresAt
    }
    return made
  })
}

/** What reading a backup back found: proven, or damaged and from then on never offered. */
export async function recordProof(
  store: BackupStore,
  id: string,
  proof: { state: 'proven' | 'damaged'; elements: Partial<Record<Element, ElementProof>> },
  actor: Actor,
  now: Date = new Date(),
): Promise<Backup> {
  return change(store, id, actor, now, () => ({
    siblings: { proof: { state: proof.state, elements: proof.elements } },
    row: { state: proof.state, proof: proof.elements },
  }))
}

async function change(store: BackupStore, id: string, actor: Actor, now: Date, decide: (row: Backup) => Change): Promise<Backup> {
  return store.db.transaction().execute(async (transaction) => {
    const row = await transaction.selectFrom('backup').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
    if (row === undefined) throw new Failure('BACKUP_NOT_FOUND', `Cannot change the backup "${id}": it is not in the catalogue`)
    const { siblings, row: columns } = decide(row)
    for (const [kind, body] of Object.entries(siblings)) {
      await store.repository.putSibling(id, kind as SiblingKind, { ...body, at: now.toISOString(), actor })
    }
    const { proof, ...rest } = columns
    const set = { ...rest, ...(proof === undefined ? {} : { proof: json(proof) }) }
    if (Object.keys(set).length === 0) return row
    return transaction.updateTable('backup').set(set).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  })
}
