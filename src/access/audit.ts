import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { AuditQuery } from '../contract/accessSchemas.ts'
import type { Action } from '../contract/actions.ts'
import type { Place } from '../contract/rights.ts'
import type { Actor } from '../contract/words.ts'
import { json, type JsonText } from '../state/json.ts'
import type { StateTables } from '../state/tables.ts'
import { describeSubject, type Subject } from './authorize.ts'

export interface AuditRecord {
  id: number
  at: Date
  actor: Actor
  action: string
  site: string | null
  environment: string | null
  subject: string | null
  /** `begun` until the end is known: a row that stays so belongs to a process that died */
  result: string
  address: string | null
  details: Record<string, unknown>
}

interface Begun {
  actor: Actor
  action: Action
  /** In parts, so that it can be searched; as text where it has none */
  subject: Subject | string | null
  /** Of which site a subject is that is told as text */
  place?: Place
  address: string | null
  details?: Record<string, unknown>
}

/** Writes the row before the deed is done, so that no deed is without one. */
export async function beginAudit(db: Kysely<StateTables>, { subject, place = nowhere, ...record }: Begun): Promise<number> {
  const parts = typeof subject === 'object' && subject !== null ? subject : { ...place, object: null }
  const text = typeof subject === 'object' && subject !== null ? describeSubject(subject) : subject
  const values = { ...record, ...parts, subject: text, result: 'begun' }
  const { id } = await db
    .insertInto('audit')
    .values({ ...values, details: json(record.details ?? {}), actor: json(record.actor) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

const nowhere: Place = { site: null, environment: null }

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

/** One row for what is over already. */
export async function recordAudit(db: Kysely<StateTables>, record: Begun, result: string): Promise<void> {
  await endAudit(db, await beginAudit(db, record), result)
}

/** Newest first. */
export async function listAudit(db: Kysely<StateTables>, limit: number): Promise<AuditRecord[]> {
  return searchAudit(db, { limit }, null)
}

/**
 * Newest first, one page.
 *
 * @param sites rows of these sites alone; null for all rows, those about no site included
 */
export async function searchAudit(
  db: Kysely<StateTables>,
  query: AuditQuery & { limit: number },
  sites: readonly string[] | null,
): Promise<AuditRecord[]> {
  const { site, environment, action, actor, result, since, until, before, skip = 0, limit } = query
  if (sites?.length === 0) return []
  return db
    .selectFrom('audit')
    .select(['id', 'at', 'actor', 'action', 'site', 'environment', 'subject', 'result', 'address', 'details'])
    .where((where) =>
      where.and([
        ...(sites === null ? [] : [where('site', 'in', sites)]),
        ...(site === undefined ? [] : [where('site', '=', site)]),
        ...(environment === undefined ? [] : [where('environment', '=', environment)]),
        ...(action === undefined ? [] : [beginsWith(where, action)]),
        ...(actor === undefined ? [] : [names(actor)]),
        ...(result === undefined ? [] : [ended(where, result)]),
        ...(since === undefined ? [] : [where('at', '>=', new Date(since))]),
        ...(until === undefined ? [] : [where('at', '<', new Date(until))]),
        ...(before === undefined ? [] : [where('id', '<', before)]),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(skip)
    .execute()
}

type Where = ExpressionBuilder<StateTables, 'audit'>

const beginsWith = (where: Where, action: string) =>
  action.endsWith('.') ? where('action', 'like', `${escapeLike(action)}%`) : where('action', '=', action)

const names = (actor: string) =>
  sql<boolean>`(actor->>'name' ilike ${`%${escapeLike(actor)}%`} or actor->>'id' ilike ${`%${escapeLike(actor)}%`})`

const ended = (where: Where, result: NonNullable<AuditQuery['result']>) =>
  result === 'failed' ? where('result', 'not in', ['done', 'begun']) : where('result', '=', result)

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (letter) => `\\${letter}`)
}
