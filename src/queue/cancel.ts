import { type Kysely, sql } from 'kysely'
import { Failure, type FailureRecord, unreachable } from '../base/failure.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import { isSilent } from './order.ts'

export const cancelled: FailureRecord = {
  code: 'WORKFLOW_CANCELLED',
  message: 'The workflow was cancelled',
  hint: null,
  retry: 'never',
}

/**
 * A workflow that never ran ends at once; a running one is told and ends by itself, and one that was put back does so when it is
 * taken again. With `force`, one of which nothing was heard for
 * `expiresMs` is ended for it: whoever asks says that its process is dead or cut off for good, where Cairn cannot know.
 *
 * @throws {Failure} WORKFLOW_NOT_FOUND; WORKFLOW_PAST_CANCEL when it changes the environment already, or has ended
 */
export async function cancelWorkflow(
  db: Kysely<StateTables>,
  id: string,
  options: { force: boolean; expiresMs: number },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('workflow')
      .selectAll()
      .select(isSilent(options.expiresMs).as('silent'))
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) throw notFound(id)
    switch (row.state) {
      case 'queued':
        // put back by a worker that ended, it may be past the point where its half-done work can be left
        if (!row.cancellable) throw pastCancel(row)
        return row.attempt === 0 ? end(transaction, id) : ask(transaction, id)
      case 'running':
        if (options.force && row.silent) return end(transaction, id)
        if (!row.cancellable) throw pastCancel(row)
        return ask(transaction, id)
      case 'cancelled':
        return
      case 'succeeded':
      case 'failed':
        throw new Failure('WORKFLOW_PAST_CANCEL', `Cannot cancel workflow "${id}": it has ${row.state} already`)
      default:
        return unreachable(row.state)
    }
  })
}

export function notFound(id: string): Failure {
  return new Failure('WORKFLOW_NOT_FOUND', `Cannot find workflow "${id}": there is none with this id`, {
    hint: '"cairn workflow:list" shows those there are',
  })
}

/** The attempt rises, so that the process that ran it writes nothing more. */
async function end(db: Kysely<StateTables>, id: string): Promise<void> {
  await db
    .updateTable('workflow')
    .set({
      state: 'cancelled',
      cancel_requested: true,
      attempt: sql`attempt + 1`,
      revision: sql`revision + 1`,
      failure: json(cancelled),
      finished_at: sql`clock_timestamp()`,
      beat_at: null,
    })
    .where('id', '=', id)
    .execute()
  await db
    .updateTable('step')
    .set({ state: 'cancelled', finished_at: sql`clock_timestamp()` })
    .where('workflow_id', '=', id)
    .where('state', '=', 'running')
    .execute()
}

async function ask(db: Kysely<StateTables>, id: string): Promise<void> {
  await db
    .updateTable('workflow')
    .set({ cancel_requested: true, revision: sql`revision + 1` })
    .where('id', '=', id)
    .where('cancel_requested', '=', false)
    .execute()
}

function pastCancel({ id, kind }: Row<'workflow'>): Failure {
  return new Failure(
    'WORKFLOW_PAST_CANCEL',
    `Cannot cancel ${kind} "${id}": it has begun to change the environment and goes on to its end`,
    {
      hint: 'Wait until it has ended; a restore can then be undone with "cairn env:undo"',
    },
  )
}
