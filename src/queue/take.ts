import { type Kysely, sql } from 'kysely'
import type { KernelLock } from '../base/kernelLock.ts'
import { json } from '../state/json.ts'
import type { Row, StateTables } from '../state/tables.ts'
import { endHolder, sharesLocks, thisHolder } from './holder.ts'
import { lockEnvironments, nameLocks } from './locks.ts'
import { isSilent, mustWait } from './order.ts'

export type Taking =
  | { kind: 'taken'; row: Row<'workflow'>; lock: KernelLock; takenOver: boolean }
  /** Ended, not its turn yet, or run by somebody who lives: whoever changes that wakes again */
  | { kind: 'nothing' }
  /** A process that cannot be ended from here holds an environment's lock */
  | { kind: 'held' }

interface TakeOptions {
  instance: string
  expiresMs: number
  kinds: string[]
  /** Where the locks of environments stand */
  locksDirectory: string
}

/**
 * Takes one workflow for this process: its environments' locks first, then the row, whose attempt rises. A workflow that
 * another process ran is taken over when that one is of this instance (and so is a former life of it) or was silent too long,
 * and only where its lock can be had: a predecessor on this machine that was merely paused is ended first. Never called for
 * a workflow that this process runs.
 */
export async function takeWorkflow(db: Kysely<StateTables>, id: string, options: TakeOptions): Promise<Taking> {
  const found = await db
    .selectFrom('workflow')
    .selectAll()
    .select([mustWait('workflow').as('waits'), isSilent(options.expiresMs).as('silent')])
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .where('kind', 'in', options.kinds)
    .executeTakeFirst()
  if (found === undefined || found.waits) return { kind: 'nothing' }
  const takenOver = found.state === 'running'
  if (takenOver && !mayTakeOver(found, options)) return { kind: 'nothing' }

  const lock = found.changes ? await lockFrom(found, options.locksDirectory) : noLock
  if (lock === null) return { kind: 'held' }
  try {
    const row = await claim(db, found, options)
    if (row !== undefined) return { kind: 'taken', row, lock, takenOver }
  } catch (error) {
    await lock.release()
    throw error
  }
  await lock.release()
  return { kind: 'nothing' }
}

function mayTakeOver(found: Row<'workflow'> & { silent: boolean }, { instance, locksDirectory }: TakeOptions): boolean {
  if (found.instance === instance) return true
  if (!found.silent) return false
  return !found.changes || (found.holder !== null && sharesLocks(found.holder, nameLocks(locksDirectory)))
}

async function lockFrom(found: Row<'workflow'>, directory: string): Promise<KernelLock | null> {
  const { environment_ids, state, holder } = found
  const lock = await lockEnvironments(directory, environment_ids)
  if (lock !== null || state !== 'running' || holder === null) return lock
  return (await endHolder(holder)) ? lockEnvironments(directory, environment_ids) : null
}

/** Only when the row is still as it was found: of two takers one gets it. */
async function claim(
  db: Kysely<StateTables>,
  found: Row<'workflow'>,
  { instance, locksDirectory }: TakeOptions,
): Promise<Row<'workflow'> | undefined> {
  return db
    .updateTable('workflow')
    .set({
      state: 'running',
      attempt: sql`attempt + 1`,
      revision: sql`revision + 1`,
      instance,
      holder: json(thisHolder(nameLocks(locksDirectory))),
      beat_at: sql`clock_timestamp()`,
      started_at: sql`coalesce(started_at, clock_timestamp())`,
    })
    .where('id', '=', found.id)
    .where('state', '=', found.state)
    .where('attempt', '=', found.attempt)
    .where(({ not }) => not(mustWait('workflow')))
    .returningAll()
    .executeTakeFirst()
}

const noLock: KernelLock = { release: async () => {} }
