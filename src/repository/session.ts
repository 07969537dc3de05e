import { type Kysely, sql, type Transaction } from 'kysely'
import { Failure } from '../base/failure.ts'
import { newUlid, type Ulid } from '../base/ids.ts'
import type { StateTables } from '../state/tables.ts'
import { batchMax, findAndPin, inBatches, pinRefs } from './index/find.ts'
import { insertPack } from './index/insertPack.ts'
import type { ChunkRef, FinishedPack, FoundChunk, WriteSession } from './types.ts'

const leaseMs = 10 * 60_000
const renewMs = 60_000

/** Key of the advisory lock that commits share and the collector's condemning takes alone. */
export const commitLock = 0x6361_6972

/**
 * Steps 1 to 3 of the writers' protocol: a leased row, look-ups that pin, packs recorded once they are durable. Step 4 and
 * 5 are `commitBackup`.
 */
export class StateSession implements WriteSession {
  readonly id: Ulid
  readonly #db: Kysely<StateTables>
  readonly #covered = new Set<string>()
  readonly #renewal: NodeJS.Timeout
  #closed = false

  private constructor(db: Kysely<StateTables>, id: Ulid) {
    this.#db = db
    this.id = id
    this.#renewal = setInterval(() => void this.#renew(), renewMs)
    this.#renewal.unref()
  }

  static async open(db: Kysely<StateTables>, instance: string): Promise<StateSession> {
    const id = newUlid()
    await db.insertInto('write_session').values({ id, instance, lease_until: leaseEnd() }).execute()
    return new StateSession(db, id)
  }

  async find(ids: readonly Buffer[]): Promise<(FoundChunk | null)[]> {
    const found: (FoundChunk | null)[] = []
    for (let from = 0; from < ids.length; from += batchMax) {
      found.push(...(await this.#guarded(() => findAndPin(this.#db, this.id, ids.slice(from, from + batchMax)))))
    }
    return found
  }

  pin(refs: readonly ChunkRef[]): Promise<number[]> {
    return this.#guarded(() => inBatches(refs, (batch) => pinRefs(this.#db, this.id, batch)))
  }

  async addPack(pack: FinishedPack): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#guarded(() => this.#db.transaction().execute((trx) => this.#tryAddPack(trx, pack)))
      } catch (error) {
        if (!(error instanceof Condemned) || attempt === 5) throw error
      }
    }
  }

  async #tryAddPack(trx: Transaction<StateTables>, pack: FinishedPack): Promise<void> {
    const holders = await insertPack(trx, pack)
    const { rows } = await sql<{ id: number }>`
      select id from pack where id = any(${holders}::bigint[]) and state = 'live' for share`.execute(trx)
    if (rows.length < holders.length) throw new Condemned()
    await sql`insert into pin (session_id, pack_id) select ${this.id}, unnest(${holders}::bigint[]) on conflict do nothing`.execute(
      trx,
    )
  }

  coverPage(page: ChunkRef): void {
    this.#covered.add(pageKey(page))
  }

  isCovered(page: ChunkRef): boolean {
    return this.#covered.has(pageKey(page))
  }

  async assertAlive(): Promise<void> {
    const row = await this.#db
      .selectFrom('write_session')
      .select('id')
      .where('id', '=', this.id)
      .where('lease_until', '>', sql<Date>`now()`)
      .executeTakeFirst()
    if (row === undefined) throw lost()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.ended()
    await this.#db.deleteFrom('write_session').where('id', '=', this.id).execute()
  }

  /** Stops the renewal; the row is the caller's. */
  ended(): void {
    this.#closed = true
    clearInterval(this.#renewal)
  }

  async #renew(): Promise<void> {
    try {
      await this.#db
        .updateTable('write_session')
        .set({ lease_until: leaseEnd() })
        .where('id', '=', this.id)
        .where('lease_until', '>', sql<Date>`now()`) // a lease that ended is not won back
        .execute()
    } catch {
      // the database is away: the lease is ten renewals long, and the commit checks it
    }
  }

  /** A pin without its session row breaks a foreign key: that is a lost session, said in our words. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Error && 'constraint' in error && error.constraint === 'pin_session_id_fkey') throw lost(error)
      throw error
    }
  }
}

/** A pack that holds one of our chunks was condemned meanwhile: the next try turns these rows to our own pack. */
class Condemned extends Error {}

function leaseEnd() {
  return sql<Date>`now() + ${leaseMs} * interval '1 millisecond'`
}

function lost(cause?: unknown): Failure {
  return new Failure('SESSION_LOST', 'Cannot go on with this backup: its write session is gone or its lease has ended', {
    hint: 'Was the machine asleep? Take the backup again; chunks already stored are found again',
    retry: 'later',
    ...(cause === undefined ? {} : { cause }),
  })
}

function pageKey(page: ChunkRef): string {
  return page.id.toString('latin1') + page.encMac.toString('latin1')
}
