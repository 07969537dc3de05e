import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { connectDatabase, refusal } from './connect.ts'
import { Lane } from './lane.ts'
import { createObjects, type StoredDdl } from './objects.ts'
import { withDefiner, withoutForeignKeys } from './rewrite.ts'
import { serverKind } from './server.ts'
import { DumpSession } from './session.ts'
import { sortStatement, type Sorted } from './sort.ts'
import { ansiQuotes, plainBackslash } from './sqlBytes.ts'
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

/**
 * Loads a dump into the schema of the credentials, statement by statement, each under the policy of `sortStatement`. The SET
 * statements of the dump are followed, not executed. Nothing of it is atomic: a caller loads into an empty schema or under
 * staged names and drops them when this throws.
 *
 * @throws {Failure} LOAD_FAILED, DATABASE_REFUSED, WORKFLOW_CANCELLED
 */
export async function loadDump(
  credentials: DatabaseCredentials,
  stream: AsyncIterable<Buffer>,
  options: LoadOptions,
): Promise<LoadResult> {
  const wire = await connectDatabase(credentials, { wire: 'bytes' })
  const lanes = [new Lane(wire)]
  try {
    // a second connection halves the time of big tables; an account that may have only one does without
    const second = await connectDatabase(credentials, { wire: 'bytes' }).catch(() => null)
    if (second !== null) lanes.push(new Lane(second))
    const loader = new Loader(lanes, await serverKind(wire), options)
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
    for (const lane of lanes) await lane.close()
  }
}

class Loader {
  readonly #lanes: readonly Lane[]
  readonly #server: ServerKind
  readonly #options: LoadOptions
  readonly #session = new DumpSession()
  readonly #tables = new Map<string, LoadedTable>()
  readonly #objects = new Map<string, StoredDdl>()
  /** Where the table in work was made, and whether its further rows may take any lane */
  #place: { table: LoadedTable; lane: Lane; spread: boolean; inserts: number } | null = null
  #statements = 0
  #bytes = 0

  constructor(lanes: readonly Lane[], server: ServerKind, options: LoadOptions) {
    this.#lanes = lanes
    this.#server = server
    this.#options = options
  }

  async begin(): Promise<void> {
    for (const lane of this.#lanes) {
      await lane.send(Buffer.from('SET SESSION foreign_key_checks=0, unique_checks=0, autocommit=1'), loadFailure(null))
    }
  }

  async take(sql: Buffer): Promise<void> {
    const sorted = sortStatement(sql, this.#reading())
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
    this.#options.run.progress({ doneBytes: this.#bytes, doneItems: this.#tables.size, note: sorted.table })
  }

  async end(): Promise<LoadResult> {
    for (const lane of this.#lanes) await lane.idle()
    return {
      tables: [...this.#tables.values()],
      objects: [...this.#objects.values()],
      statements: this.#statements,
      bytes: this.#bytes,
    }
  }

  async #table(sql: Buffer, sorted: Extract<Sorted, { kind: 'table' }>): Promise<void> {
    const { table: name, verb } = sorted
    if (verb === 'drop') return // what is in the way is dropped when its successor is made; a view has a line of its own
    const as = this.#options.rename === undefined ? name : this.#options.rename(name)
    const text = renamed(sql, sorted.name, as)
    if (verb === 'create') return this.#create(text, name, as, sorted.what)
    const table = this.#tables.get(name)
    if (table === undefined) throw new Failure('LOAD_FAILED', `Cannot load the dump: it fills table "${name}" before making it`)
    if (this.#place?.table !== table) {
      // rows far from their CREATE: wait until it ran, then any lane knows the table
      for (const lane of this.#lanes) await lane.idle()
      this.#place = { table, lane: this.#freest(), spread: false, inserts: 0 }
    }
    const place = this.#place
    if (verb !== 'insert') return this.#send(place.lane, text, table)
    place.inserts++
    if (place.spread && place.inserts === 2) await place.lane.idle() // made and no longer empty: others may join
    const lane = place.spread && place.inserts > 1 ? this.#freest() : place.lane
    await this.#send(lane, text, table, (rows) => (table.rows += rows))
  }

  async #create(text: Buffer, name: string, as: string, kind: LoadedTable['kind']): Promise<void> {
    if (this.#tables.has(name)) throw new Failure('LOAD_FAILED', `Cannot load the dump: it makes table "${name}" twice`)
    const table: LoadedTable = { name, as, kind, rows: 0, foreignKeys: [] }
    this.#tables.set(name, table)
    let sql = text
    if (this.#options.withoutForeignKeys === true && kind === 'table') {
      const cut = withoutForeignKeys(text, this.#reading())
      sql = cut.sql
      table.foreignKeys = cut.foreignKeys
    }
    // without a primary key the order of the rows is the order of their coming; MyISAM and full-text take one writer at a time
    const ddl = sql.toString('latin1')
    const spread = /\bENGINE=InnoDB\b/i.test(ddl) && /\bPRIMARY KEY\b/.test(ddl) && !/\b(FULLTEXT|SPATIAL)\b/.test(ddl)
    this.#place = { table, lane: this.#freest(), spread: spread && this.#lanes.length > 1, inserts: 0 }
    await this.#send(this.#place.lane, Buffer.from(`DROP ${kind.toUpperCase()} IF EXISTS ${quoteName(as)}`), table)
    await this.#send(this.#place.lane, sql, table)
  }

  async #send(lane: Lane, sql: Buffer, table: LoadedTable, onRows?: (rows: number) => void): Promise<void> {
    const word = loadFailure(table.name)
    const settings = this.#session.settings()
    await lane.apply({ ...settings, collationConnection: null, sqlMode: tableMode(settings.sqlMode ?? '') }, word)
    this.#statements++
    await lane.send(sql, word, onRows)
  }

  /** How the server will read the next statement */
  #reading(): ServerKind {
    return { ...this.#server, sqlMode: this.#session.settings().sqlMode }
  }

  #freest(): Lane {
    return this.#lanes.reduce((best, lane) => (lane.pendingBytes < best.pendingBytes ? lane : best))
  }

  #keep(sql: Buffer, sorted: Extract<Sorted, { kind: 'object' }>): void {
    const key = `${sorted.object}.${sorted.name}`
    this.#objects.delete(key) // the real view comes after its placeholder, and takes its place in the order
    if (sorted.verb === 'drop') return
    const text = withDefiner(sql, this.#reading(), this.#options.definer ?? null)
    this.#objects.set(key, {
      object: sorted.object,
      name: sorted.name,
      sqlBytes: text.toString('latin1').trim(),
      settings: this.#session.settings(),
    })
  }
}

/**
 * uid 0 must stay 0 in an AUTO_INCREMENT column; zero dates and over-long values of old tables must come back as they were, so
 * nothing strict. What quotes mean stays as the dump has it.
 */
function tableMode(sqlMode: string): string {
  const quotes = [ansiQuotes(sqlMode) ? ',ANSI_QUOTES' : '', plainBackslash(sqlMode) ? ',NO_BACKSLASH_ESCAPES' : '']
  return `NO_AUTO_VALUE_ON_ZERO${quotes.join('')}`
}

function renamed(sql: Buffer, name: { start: number; end: number }, as: string): Buffer {
  return Buffer.concat([sql.subarray(0, name.start), Buffer.from(quoteName(as)), sql.subarray(name.end)])
}

function loadFailure(table: string | null): (error: unknown) => unknown {
  return (error) => {
    const worded = refusal(error, table === null ? 'Cannot load the dump' : `Cannot load table "${table}"`)
    if (!(worded instanceof Failure) || worded.retry === 'later') return worded
    return new Failure('LOAD_FAILED', worded.message, {
      cause: error,
      ...(worded.hint === undefined ? {} : { hint: worded.hint }),
    })
  }
}
