import type { Database } from './connect.ts'
import { refusal, sqlErrno } from './connect.ts'
import { type SessionSettings, settingStatement } from './session.ts'
import type { StoredObject } from './sort.ts'
import { quoteName } from './sqlText.ts'

/** A view, trigger, routine or event, as a statement that makes it in the schema of the session. */
export interface StoredDdl {
  object: StoredObject
  name: string
  /** The bytes of the statement, one character each (latin1), since its character set is `settings.characterSetClient` */
  sqlBytes: string
  settings: SessionSettings
}

const order: readonly StoredObject[] = ['package', 'function', 'procedure', 'view', 'trigger', 'event']

export function dropStatement(ddl: Pick<StoredDdl, 'object' | 'name'>): string {
  return `DROP ${ddl.object.toUpperCase()} IF EXISTS ${quoteName(ddl.name)}`
}

/**
 * Makes the objects, replacing those of the same name. Routines first, since views may call them; views in as many rounds as they
 * build on each other; then triggers, in their own order, and events. Safe to run again.
 *
 * @param bytes a connection that was opened with `wire: 'bytes'`; it keeps other settings afterwards
 * @throws {Failure} DATABASE_REFUSED
 */
export async function createObjects(bytes: Database, objects: readonly StoredDdl[]): Promise<void> {
  for (const kind of order) {
    let waiting = objects.filter((ddl) => ddl.object === kind)
    if (kind === 'trigger') for (const ddl of waiting) await bytes.run(latin1(dropStatement(ddl)))
    while (waiting.length > 0) {
      const again: StoredDdl[] = []
      let lastError: unknown
      for (const ddl of waiting) {
        try {
          await create(bytes, ddl)
        } catch (error) {
          if (kind !== 'view' || sqlErrno(error) === null) throw refusal(error, `Cannot create ${kind} "${ddl.name}"`)
          again.push(ddl)
          lastError = error
        }
      }
      if (again.length === waiting.length) throw refusal(lastError, `Cannot create view "${again[0]?.name}"`)
      waiting = again
    }
  }
}

async function create(bytes: Database, ddl: StoredDdl): Promise<void> {
  await bytes.run(settingStatement(ddl.settings))
  // a placeholder or an older one stands in the way; the CREATE of a dump does not say OR REPLACE
  if (ddl.object !== 'trigger') await bytes.run(latin1(dropStatement(ddl)))
  await bytes.run(ddl.sqlBytes)
}

/** Text as the bytes of its UTF-8 form, for a connection that takes bytes. */
export function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
