import { Failure } from '../../base/failure.ts'
import type { DumpFacts } from './dumpDatabase.ts'
import type { LoadResult } from './loadDump.ts'

export interface ContentToVerify {
  /** `loaded`, `staged`: what the message calls it */
  what: string
  /** The names of the tables and sequences that are there */
  tables: Iterable<string>
  objects: LoadResult['objects']
  /** Counted on the server, not remembered */
  countRows(table: string): Promise<number>
}

/**
 * Holds rows, tables, sequences and stored objects against what the manifest of a backup says.
 *
 * @throws {Failure} VERIFY_FAILED naming the first difference
 */
export async function verifyContent({ what, tables, objects, countRows }: ContentToVerify, wanted: DumpFacts): Promise<void> {
  const fail = (found: string): never => {
    throw new Failure('VERIFY_FAILED', `Cannot use the ${what} database: ${found}`, {
      hint: 'Nothing was changed; try another backup',
    })
  }
  const there = new Set(tables)
  for (const table of wanted.tables) {
    if (!there.delete(table.name)) fail(`table "${table.name}" is missing`)
    const rows = await countRows(table.name)
    if (rows !== table.rows) fail(`table "${table.name}" has ${rows} rows, the backup has ${table.rows}`)
  }
  for (const name of wanted.sequences) if (!there.delete(name)) fail(`sequence "${name}" is missing`)
  for (const name of there) fail(`table "${name}" is not in the backup's list`)
  const made = new Set(objects.map(({ object, name }) => `${object === 'function' ? 'procedure' : object} ${name}`))
  const named = [
    ...wanted.views.map((name) => `view ${name}`),
    ...wanted.triggers.map((name) => `trigger ${name}`),
    ...wanted.routines.map((name) => `procedure ${name}`),
    ...wanted.events.map((name) => `event ${name}`),
  ]
  for (const name of named) if (!made.has(name)) fail(`${name.replace('procedure', 'routine')} is missing`)
}
