import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { connectDatabase, type Database, refusal } from './connect.ts'
import { createObjects, type StoredDdl } from './objects.ts'
import { withDefiner, withoutForeignKeys } from './rewrite.ts'
import { serverKind } from './server.ts'
import { DumpSession, type SessionSettings, settingStatement } from './session.ts'
import { sortStatement, type Sorted } from './sort.ts'
import { quoteName } from './sqlText.ts'
import { statementsOf } from './statements.ts'
import type { ServerKind } from './tokens.ts'

export interface LoadOptions {
  /** The name under which a table of the dump is made. @default the same name */
  rename?: (table: string) => string
  /** Leaves foreign keys out of the tables and gives them back in the result. @default {false} */
  withoutForeignKeys?: boolean
  /** Gives views, triggers, routines and events back instead of creating them. @default {false} */
  keepObjects?: boolean
  /** The account that becomes their definer, as SQL writes it; null is whoever creates them. @default {null} */
  definer?: string | null
  /** Refuses a dump that does not end with its trailer. @default {true} */
  requireTrailer?: boolean
  run: Run
}

export interface LoadedTable {
  name: string
  /** Its name in the schema */
  as: string
  kind: 'table' | 'sequence'
  rows: number
  /** Definitions for `ALTER TABLE … ADD`, when they were left out */
  foreignKeys: string[]
}

export interface LoadResult {
  tables: LoadedTable[]
  objects: StoredDdl[]
  statements: number
  bytes: number
}

/** Statements sent before the first of them is answered: the server never waits for us, and memory stays at some megabytes. */
const pendingBytesMax = 4 << 20

/**
 * Loads a dump into the schema of the credentials, statement by statement, each under the policy of `sortStatement`. The SET
 * statements of the dump are followed, not executed. Nothing of it is atomic: a caller loads into an empty schema or under
 * staged names and drops them when this throws.
 *
 * @throws {Failure} LOAD_FAILED, DATABASE_REFUSED, WORKFLOW_CANCELLED
 */
export async function loadDump(credentials: DatabaseCredentials, stream: AsyncIterable<Buffer>, options: LoadOptions): Promise<LoadResult> {
  const wire = await connectDatabase(credentials, { wire: 'bytes' })
  try {
    const loader = new Loader(wire, await serverKind(wire), options)
    await loader.begin()
    let trailer = false
    for await (const { sql } of statementsOf(stream, (text) => (trailer = text.startsWith('-- Dump completed')))) {
      trailer = false
      stopIfCancelled(options.run)
      await loader.take(sql)
    }
    if (!trailer && options.requireTrailer !== false) {
      throw new Failure('LOAD_FAILED', 'Cannot load the dump: its last line is not "-- Dump completed"', {
        hint: 'The dump was cut off; take another backup',
      })
    }
    const result = await loader.end()
    if (options.keepObjects !== true) await createObjects(wire, result.objects)
    return result
  } finally {
    await wire.close()
  }
}

class Loader {
  readonly #wire: Database
  readonly #server: ServerKind
  readonly #options: LoadOptions
  readonly #session = new DumpSession()
  readonly #tables = new Map<string, LoadedTable>()
  readonly #objects = new Map<string, StoredDdl>()
  #applied = ''
  #current: LoadedTable | null = null
  #pending: { bytes: number; done: Promise<void> }[] = []
  #pendingBytes = 0
  #failure: unknown = null
  #statements = 0
  #bytes = 0

  constructor(wire: Database, server: ServerKind, options: LoadOptions) {
    this.#wire = wire
    this.#server = server
    this.#options = options
  }

  async begin(): Promise<void> {
    await this.#wire.run('SET SESSION foreign_key_checks=0, unique_checks=0, autocommit=0')
    await this.#wire.query("SET SESSION innodb_lock_wait_timeout=50")
  }

  async take(sql: Buffer): Promise<void> {
    const sorted = sortStatement(sql, this.#server)
    this.#bytes += sql.length
    switch (sorted.kind) {
      case 'nothing':
        return
      case 'set':
        for (const { target, value } of sorted.assignments) this.#session.assign(target, value)
        return
      case 'object':
        this.#keep(sql, sorted)
        return
      case 'table':
        await this.#table(sql, sorted)
    }
    this.#options.run.progress({ doneBytes: this.#bytes, doneItems: this.#tables.size, note: this.#current?.name ?? null })
  }

  async end(): Promise<LoadResult> {
    await this.#leave()
    await this.#idle()
    await this.#wire.run('SET SESSION autocommit=1')
    return { tables: [...this.#tables.values()], objects: [...this.#objects.values()], statements: this.#statements, bytes: this.#bytes }
  }

  async #table(sql: Buffer, sorted: Extract<Sorted, { kind: 'table' }>): Promise<void> {
    const { table: name, verb } = sorted
    const as = this.#options.rename === undefined ? name : this.#options.rename(name)
    if (verb === 'drop') return // what is in the way is dropped when its successor is made; a view has a line of its own
    if (verb === 'create') {
      await this.#leave()
      const made: LoadedTable = { name, as, kind: sorted.what, rows: 0, foreignKeys: [] }
      if (this.#tables.has(name)) throw new Failure('LOAD_FAILED', `Cannot load the dump: it makes table "${name}" twice`)
      this.#tables.set(name, made)
      this.#current = made
      let text = renamed(sql, sorted.name, as)
      if (this.#options.withoutForeignKeys === true && sorted.what === 'table') {
        const cut = withoutForeignKeys(text, this.#server)
        text = cut.sql
        made.foreignKeys = cut.foreignKeys
      }
      await this.#apply({ ...this.#session.settings(), sqlMode: tableMode })
      await this.#send(Buffer.from(`DROP ${sorted.what.toUpperCase()} IF EXISTS ${quoteName(as)}`), null)
      await this.#send(text, null)
      return
    }
    const known = this.#tables.get(name)
    if (known === undefined) throw new Failure('LOAD_FAILED', `Cannot load the dump: it fills table "${name}" before making it`)
    if (known !== this.#current) {
      await this.#leave()
      this.#current = known
    }
    await this.#apply({ ...this.#session.settings(), sqlMode: tableMode })
    await this.#send(renamed(sql, sorted.name, as), verb === 'insert' ? known : null)
  }

  #keep(sql: Buffer, sorted: Extract<Sorted, { kind: 'object' }>): void {
    const key = `${sorted.object}.${sorted.name}`
    this.#objects.delete(key) // the real view comes after its placeholder, and keeps its place in the order
    if (sorted.verb === 'drop') return
    const text = withDefiner(sql, this.#server, this.#options.definer ?? null)
    this.#objects.set(key, {
      object: sorted.object,
      name: sorted.name,
      sqlBytes: text.toString('latin1').trim(),
      settings: this.#session.settings(),
    })
  }

  /** One transaction a table: MariaDB then fills an empty table in bulk, and no log is synced for each statement. */
  async #leave(): Promise<void> {
    if (this.#current !== null) await this.#send(Buffer.from('COMMIT'), null)
    this.#current = null
  }

  async #apply(settings: SessionSettings): Promise<void> {
    const statement = settingStatement(settings)
    if (statement === this.#applied) return
    this.#applied = statement
    await this.#send(Buffer.from(statement), null)
  }

  async #send(sql: Buffer, rowsOf: LoadedTable | null): Promise<void> {
    while (this.#pendingBytes > 0 && this.#pendingBytes + sql.length > pendingBytesMax) await this.#pending[0]?.done
    if (this.#failure !== null) throw this.#failure
    this.#statements++
    this.#pendingBytes += sql.length
    const entry = { bytes: sql.length, done: Promise.resolve() }
    const about = this.#current
    entry.done = this.#wire
      .run(sql.toString('latin1'))
      .then(({ affectedRows }) => {
        if (rowsOf !== null) rowsOf.rows += affectedRows
      })
      .catch((error: unknown) => {
        this.#failure ??= loadFailure(error, about?.name ?? null)
      })
      .finally(() => {
        this.#pendingBytes -= entry.bytes
        this.#pending.shift()
      })
    this.#pending.push(entry)
  }

  async #idle(): Promise<void> {
    while (this.#pending.length > 0) await this.#pending[0]?.done
    if (this.#failure !== null) throw this.#failure
  }
}

/**
 * uid 0 must stay 0 in an AUTO_INCREMENT column; zero dates and over-long values of old tables must come back as they were, so
 * nothing strict.
 */
const tableMode = 'NO_AUTO_VALUE_ON_ZERO'

function renamed(sql: Buffer, name: { start: number; end: number }, as: string): Buffer {
  return Buffer.concat([sql.subarray(0, name.start), Buffer.from(quoteName(as)), sql.subarray(name.end)])
}

function loadFailure(error: unknown, table: string | null): unknown {
  const where = table === null ? 'Cannot load the dump' : `Cannot load table "${table}"`
  const worded = refusal(error, where)
  if (!(worded instanceof Failure) || worded.retry === 'later') return worded
  return new Failure('LOAD_FAILED', worded.message, { cause: error, ...(worded.hint === undefined ? {} : { hint: worded.hint }) })
}
