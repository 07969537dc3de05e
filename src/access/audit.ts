import { type Kysely, sql } from 'kysely'
import type { Action } from '../contract/actions.ts'
import type { Actor } from '../contract/words.ts'
import { json, type JsonText } from '../state/json.ts'
import type { StateTables } from '../state/tables.ts'

export interface AuditRecord {
  at: Date
  actor: Actor
  action: string
  subject: string | null
  /** `begun` until the end is known: a row that stays so belongs to a process that died */
  result: string
  address: string | null
  details: Record<string, unknown>
}

interface Begun {
  actor: Actor
  action: Action
  subject: string | null
  address: string | null
  details?: Record<string, unknown>
}

/** Writes the row before the deed is done, so that no deed is without one. */
export async function beginAudit(db: Kysely<StateTables>, record: Begun): Promise<number> {
  const { id } = await db
    .insertInto('audit')
    .values({ ...record, result: 'begun', details: json(record.details ?? {}), actor: json(record.actor) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** `done`, or the code of the failure. */
export async function endAudit(
  db: Kysely<StateTables>,
  id: number,
  result: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  await db
    .updateTable('audit')
    .set({ result, details: sql<JsonText>`details || ${json(details)}::jsonb` })
    .where('id', '=', id)
    .execute()
}

/** Newest first. */
export async function listAudit(db: Kysely<StateTables>, limit: number): Promise<AuditRecord[]> {
  return db
    .selectFrom('audit')
    .select(['at', 'actor', 'action', 'subject', 'result', 'address', 'details'])
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}
