import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { connectDatabase, type Database, refusal, sqlErrno } from '../../elements/database/connect.ts'
import { createObjects, dropStatement } from '../../elements/database/objects.ts'
import { quoteName, quoteText } from '../../elements/database/sqlText.ts'
import type { AdminCredentials, DatabaseCredentials } from '../../sites/credentials.ts'
import { asAdmin } from './accounts.ts'
import { captureLive, indexNames } from './capture.ts'
import { fence, unfence, waitForConnections } from './fence.ts'
import {
  asideName,
  type DatabasePlan,
  type Direction,
  type ForeignKey,
  needPlan,
  type PlanState,
  qualified,
  type Side,
  writePlan,
  writeState,
} from './plan.ts'

export interface FlipOptions {
  directory: string
  credentials: DatabaseCredentials
  /** The one that prepared it; a plan made with an administrator needs an administrator */
  admin: AdminCredentials | null
  /** How long to wait for the site's connections where no account can be locked. @default {10_000} */
  drainMs?: number
  run: Run
}

const lockWaitSeconds = 2
const renameTries = 5

/**
 * Exchanges the live tables for those that stand aside, with all objects around them: `forward` brings the restored ones,
 * `back` the ones from before, and again. One RENAME TABLE is the commit; whether it ran is read off the catalogue, and every
 * statement around it can be said again, so after a crash the same call (or the other direction) goes on.
 *
 * The caller has the site under maintenance. Where no account can be locked, it waits for the site's connections and never
 * kills one.
 *
 * @throws {Failure} DATABASE_BUSY, retry `later`, or what else the server said: what was there is back in place, unless the server
 *   could not do that either. The state tells: it is `moving` or `fenced` then, and the same call goes on
 */
export async function flipDatabase(direction: Direction, options: FlipOptions): Promise<void> {
  const { directory, credentials, admin, run } = options
  const { plan, state } = needPlan(directory)
  if (state.phase === 'done' && state.direction === direction && !state.fenced) return
  const own = plan.mode === 'own'
  if (!own && admin === null) {
    throw new Failure('DATABASE_GRANTS', "Cannot change the database: the restore was prepared with an administrator's account")
  }
  const account = own || admin === null ? credentials : asAdmin(credentials, admin)
  const database = await connectDatabase(account)
  const bytes = await connectDatabase(account, { wire: 'bytes' })
  let moving = state.phase === 'moving'
  try {
    if (own) await waitForConnections(database, credentials.user, plan.schema, options.drainMs ?? 10_000, run, bytes.threadId)
    else {
      writeState(directory, { ...state, fenced: true })
      await fence(database, plan, credentials.user)
    }
    if (!(state.phase === 'done' && state.direction === direction)) {
      const flip = new Flip(plan, direction, database, bytes)
      if (!moving) {
        await captureLeaving(plan, direction, database, directory)
        await flip.check()
      }
      writeState(directory, { phase: 'moving', direction, fenced: !own })
      moving = true
      await flip.play()
      writeState(directory, { phase: 'done', direction, fenced: !own })
    }
    if (!own) await endFence(database, plan, directory)
  } catch (error) {
    // what failed is the server's word, not a crash: what was there comes back, the caller hears why
    try {
      if (moving) {
        const opposite = direction === 'forward' ? 'back' : 'forward'
        await new Flip(plan, opposite, database, bytes).play()
        const before: PlanState = state.phase === 'moving' ? { ...state, phase: 'done', direction: opposite } : state
        writeState(directory, { ...before, fenced: !own })
      }
      if (!own) await endFence(database, plan, directory)
    } catch (second) {
      run.log(
        'error',
        `the database could not be taken back either: ${second instanceof Error ? second.message : String(second)}`,
      )
    }
    throw refusal(error, 'Cannot change the database')
  } finally {
    await database.close()
    await bytes.close()
  }
}

/** Lets the site connect again; called again after a crash, never once it was done, since an owner may lock an account too. */
export async function endFence(database: Database, plan: DatabasePlan, directory: string): Promise<void> {
  await unfence(database, plan)
  writeState(directory, { ...needPlan(directory).state, fenced: false })
}

/** Saves what is live now, tables made since the last flip included, before the first statement changes anything. */
async function captureLeaving(plan: DatabasePlan, direction: Direction, database: Database, directory: string): Promise<void> {
  const leaving: Side = direction === 'forward' ? 'old' : 'new'
  const live = await captureLive(database, plan.mode === 'admin')
  const names = new Set(live.tables)
  let next = Math.max(-1, ...plan.tables.map(({ index }) => index)) + 1
  for (const table of plan.tables) table[leaving] = names.delete(table.name)
  for (const name of names) plan.tables.push({ name, index: next++, old: leaving === 'old', new: leaving === 'new' })
  plan[leaving] = { foreignKeys: live.foreignKeys, indexes: live.indexes, objects: live.objects }
  writePlan(directory, plan)
}

class Flip {
  readonly plan: DatabasePlan
  readonly direction: Direction
  readonly database: Database
  readonly #bytes: Database
  readonly #leaving: Side
  readonly #coming: Side

  constructor(plan: DatabasePlan, direction: Direction, database: Database, bytes: Database) {
    this.plan = plan
    this.direction = direction
    this.database = database
    this.#bytes = bytes
    this.#leaving = direction === 'forward' ? 'old' : 'new'
    this.#coming = direction === 'forward' ? 'new' : 'old'
  }

  /** @throws {Failure} APPLY_CONFLICT as `play`, before anything has changed */
  async check(): Promise<void> {
    await this.#renamed()
  }

  async play(): Promise<void> {
    await this.database.run(`SET SESSION lock_wait_timeout=${lockWaitSeconds}, foreign_key_checks=0, sql_mode=''`)
    await this.#bytes.run('SET SESSION foreign_key_checks=0')
    if (!(await this.#renamed())) {
      await this.#clear()
      await this.#rename()
    }
    await this.#furnish()
  }

  /** @throws {Failure} APPLY_CONFLICT when some tables moved and others did not: somebody else was at work */
  async #renamed(): Promise<boolean> {
    const standing = new Set<string>()
    const schemas = new Set(
      this.plan.tables.flatMap((table) => [asideName(this.plan, table, 'old').schema, asideName(this.plan, table, 'new').schema]),
    )
    for (const schema of schemas) {
      const rows = await this.database.query(
        `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA=${quoteText(schema)}`,
      )
      for (const row of rows) standing.add(qualified({ schema, name: String(row['name']) }))
    }
    const answers = new Map<boolean, string>()
    for (const table of this.plan.tables) {
      const aside = (side: Side): boolean => standing.has(qualified(asideName(this.plan, table, side)))
      if (table[this.#leaving]) answers.set(aside(this.#leaving), table.name)
      if (table[this.#coming]) answers.set(!aside(this.#coming), table.name)
    }
    if (answers.size > 1) {
      throw new Failure(
        'APPLY_CONFLICT',
        `Cannot change the database: table "${answers.get(true)}" has moved and "${answers.get(false)}" has not`,
        { hint: 'Somebody changed the staged tables; the tables themselves are still there', retry: 'after-repair' },
      )
    }
    return answers.has(true)
  }

  /** Takes off what a rename forbids or what has one name per schema: events, triggers, foreign keys (and views, to move schemas). */
  async #clear(): Promise<void> {
    const leaving = this.plan[this.#leaving]
    for (const kind of ['event', 'trigger'] as const) {
      for (const ddl of leaving.objects) if (ddl.object === kind) await this.database.run(dropStatement(ddl))
    }
    if (this.plan.mode === 'admin') return
    for (const key of leaving.foreignKeys) {
      if (await this.#hasForeignKey(key))
        await this.database.run(`ALTER TABLE ${quoteName(key.table)} DROP FOREIGN KEY ${quoteName(key.name)}`)
    }
  }

  async #rename(): Promise<void> {
    const moves: string[] = []
    for (const table of this.plan.tables) {
      const live = qualified({ schema: this.plan.schema, name: table.name })
      if (table[this.#leaving]) moves.push(`${live} TO ${qualified(asideName(this.plan, table, this.#leaving))}`)
      if (table[this.#coming]) moves.push(`${qualified(asideName(this.plan, table, this.#coming))} TO ${live}`)
    }
    if (moves.length === 0) return
    for (let tries = 1; ; tries++) {
      try {
        await this.database.run(`RENAME TABLE ${moves.join(', ')}`)
        return
      } catch (error) {
        if (sqlErrno(error) !== 1205) throw error
        if (tries === renameTries) {
          throw new Failure('DATABASE_BUSY', 'Cannot change the database: a transaction holds one of its tables', {
            hint: 'Stop long requests, background jobs and other programs that use this database, and try again',
            retry: 'later',
            cause: error,
          })
        }
        await sleep(200)
      }
    }
  }

  /** Puts the foreign keys and objects of the coming side in place, and takes away those that only the other side has. */
  async #furnish(): Promise<void> {
    const coming = this.plan[this.#coming]
    const leaving = this.plan[this.#leaving]
    if (this.plan.mode === 'own')
      for (const key of coming.foreignKeys) await this.#addForeignKey(key, coming.indexes[key.table] ?? [])
    const stays = new Set(coming.objects.map(({ object, name }) => `${object} ${name}`))
    for (const ddl of leaving.objects) {
      // triggers went with #clear; one that is dropped late in a schema of its own would hit the other side's of that name
      if (ddl.object !== 'trigger' && !stays.has(`${ddl.object} ${ddl.name}`)) await this.database.run(dropStatement(ddl))
    }
    await createObjects(this.#bytes, coming.objects)
  }

  async #addForeignKey(key: ForeignKey, indexes: readonly string[]): Promise<void> {
    if (!(await this.#hasForeignKey(key))) await this.database.run(`ALTER TABLE ${quoteName(key.table)} ADD ${key.definition}`)
    // a generated index takes the name of the constraint: give it its own back
    const now = await indexNames(this.database, key.table)
    const missing = indexes.filter((name) => !now.includes(name))
    if (missing[0] !== undefined && now.includes(key.name) && !indexes.includes(key.name)) {
      await this.database.run(`ALTER TABLE ${quoteName(key.table)} RENAME KEY ${quoteName(key.name)} TO ${quoteName(missing[0])}`)
    }
  }

  async #hasForeignKey(key: ForeignKey): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA=${quoteText(this.plan.schema)}
        AND TABLE_NAME=${quoteText(key.table)} AND CONSTRAINT_NAME=${quoteText(key.name)} AND CONSTRAINT_TYPE='FOREIGN KEY'`,
    )
    return rows.length > 0
  }
}
