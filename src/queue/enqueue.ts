import { type Kysely, sql, type Transaction } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid } from '../base/ids.ts'
import type { Actor } from '../contract/words.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import type { WorkflowDefinition } from './define.ts'

export interface EnqueueRequest {
  kind: string
  site: string | null
  environment: string | null
  environmentIds: string[]
  actor: Actor
  input: unknown
  /** While a workflow with this key waits or runs, a second request gets that one back */
  dedupeKey: string | null
  /** Wait for its turn where the environment is in use; else refuse */
  queue: boolean
}

/**
 * Stores one workflow, or finds the one that is the same. Requests are taken one after the other, so that the numbers say who
 * came first and no two find an environment free.
 *
 * @param wake called within the transaction
 * @throws {Failure} WORKFLOW_BUSY
 */
export async function enqueue(
  db: Kysely<StateTables>,
  request: EnqueueRequest,
  { version, changes }: WorkflowDefinition,
  wake: (id: string, transaction: Transaction<StateTables>) => Promise<void>,
): Promise<{ row: Row<'workflow'>; existing: boolean }> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${enqueueLock})`.execute(transaction)
    const same = await findSame(transaction, request.dedupeKey)
    if (same !== undefined) return { row: same, existing: true }
    if (!request.queue) await refuseBusy(transaction, request, changes)
    const row = await transaction
      .insertInto('workflow')
      .values({
        id: newUlid(),
        kind: request.kind,
        version,
        changes,
        site: request.site,
        environment: request.environment,
        environment_ids: [...new Set(request.environmentIds)].sort(),
        actor: json(request.actor),
        input: json(request.input),
        dedupe_key: request.dedupeKey,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await wake(row.id, transaction)
    return { row, existing: false }
  })
}

/** Any number that nobody else in this database uses as an advisory lock. */
const enqueueLock = 0x6361_6972

function findSame(db: Kysely<StateTables>, key: string | null): Promise<Row<'workflow'> | undefined> {
  if (key === null) return Promise.resolve(undefined)
  const open = db.selectFrom('workflow').selectAll().where('dedupe_key', '=', key).where('state', 'in', ['queued', 'running'])
  return open.executeTakeFirst()
}

async function refuseBusy(db: Kysely<StateTables>, request: EnqueueRequest, changes: boolean): Promise<void> {
  const other = await db
    .selectFrom('workflow')
    .select(['id', 'kind', 'state', 'site', 'environment'])
    .where('state', 'in', ['queued', 'running'])
    .where(sql<boolean>`environment_ids && ${request.environmentIds}::text[]`)
    .where(sql<boolean>`(changes or ${changes}::boolean)`)
    .orderBy('seq')
    .executeTakeFirst()
  if (other === undefined) return
  const where = request.site === null ? 'the environment' : `"${request.site}.${request.environment}"`
  throw new Failure(
    'WORKFLOW_BUSY',
    `Cannot start ${request.kind} of ${where}: ${other.kind} "${other.id}" is ${other.state} there`,
    {
      hint: `Wait for it (cairn workflow:wait ${other.id}) or add --queue to run after it`,
      retry: 'later',
      details: { workflow: other.id },
    },
  )
}
