import { Failure } from '../../base/failure.ts'
import { brokenViews, facts, unreadableRoutines } from '../../elements/database/catalogue.ts'
import { type Database, type Row, sqlErrno } from '../../elements/database/connect.ts'
import type { StoredDdl } from '../../elements/database/objects.ts'
import { withDefiner, withoutForeignKeys } from '../../elements/database/rewrite.ts'
import type { SessionSettings } from '../../elements/database/session.ts'
import type { StoredObject } from '../../elements/database/sort.ts'
import { quoteName } from '../../elements/database/sqlText.ts'
import type { ServerKind } from '../../elements/database/tokens.ts'
import type { ForeignKey, SideObjects } from './plan.ts'

export interface LiveSide extends SideObjects {
  tables: string[]
  /** Routines that the account may not read: a flip leaves them alone */
  unreadable: string[]
  /** Objects whose definer is somebody else and cannot be kept; shown as a warning */
  foreignDefiners: string[]
}

/**
 * Reads off the live schema whatever a flip takes away and its undo must bring back.
 *
 * @param keepDefiners an administrator may make objects in another account's name; the site's own account may not
 * @throws {Failure} DATABASE_GRANTS when an object cannot be read
 */
export async function captureLive(database: Database, keepDefiners: boolean): Promise<LiveSide> {
  const found = await facts(database)
  const side: LiveSide = { tables: [], foreignKeys: [], indexes: {}, objects: [], unreadable: [], foreignDefiners: [] }
  for (const { name, kind } of found.tables) {
    side.tables.push(name)
    if (kind === 'sequence') continue
    const [row] = await database.query(`SHOW CREATE TABLE ${quoteName(name)}`)
    const { foreignKeys } = withoutForeignKeys(Buffer.from(String(row?.['Create Table'])), found.server)
    if (foreignKeys.length === 0) continue
    side.foreignKeys.push(...foreignKeys.map((definition) => foreignKey(name, definition)))
    side.indexes[name] = await indexNames(database, name)
  }
  const add = async (object: StoredObject, name: string, column: string): Promise<void> => {
    const [row] = await database.query(`SHOW CREATE ${object.toUpperCase()} ${quoteName(name)}`).catch((error: unknown) => {
      if (sqlErrno(error) === null) throw error
      return []
    })
    const sql = row?.[column]
    if (typeof sql !== 'string' || sql === '') {
      throw new Failure('DATABASE_GRANTS', `Cannot save ${object} "${name}": the account "${found.account}" may not read it`, {
        hint: "Attach the site with an administrator's account of the database",
      })
    }
    const ddl = storedDdl(object, name, sql, row ?? {}, found.server, keepDefiners)
    if (!keepDefiners && !sql.includes(`DEFINER=${definerText(found.account)}`) && /DEFINER=[`"]/.test(sql))
      side.foreignDefiners.push(`${object} ${name}`)
    side.objects.push(ddl)
  }
  side.unreadable = await unreadableRoutines(database, found.routines)
  const readable = found.routines.filter(({ name }) => !side.unreadable.includes(name))
  for (const { name, object } of readable)
    await add(object, name, object === 'procedure' ? 'Create Procedure' : 'Create Function')
  // a view that the server cannot read could not be made again: it is left where it is
  const broken = new Set((await brokenViews(database, found.views)).map(({ name }) => name))
  for (const name of found.views) if (!broken.has(name)) await add('view', name, 'Create View')
  for (const { name } of found.triggers) await add('trigger', name, 'SQL Original Statement')
  for (const name of found.events) await add('event', name, 'Create Event')
  return side
}

function storedDdl(
  object: StoredObject,
  name: string,
  sql: string,
  row: Row,
  server: ServerKind,
  keepDefiners: boolean,
): StoredDdl {
  const text = Buffer.from(sql)
  const reading = { ...server, sqlMode: typeof row['sql_mode'] === 'string' ? row['sql_mode'] : '' }
  return {
    object,
    name,
    sqlBytes: (keepDefiners ? text : withDefiner(text, reading, null)).toString('latin1'),
    settings: settingsOf(row),
  }
}

/** The text comes to us as utf8mb4, so that is what it is made from; literals take the collation that they had. */
function settingsOf(row: Row): SessionSettings {
  const value = (name: string): string | null => (typeof row[name] === 'string' && row[name] !== '' ? row[name] : null)
  return {
    sqlMode: value('sql_mode'),
    characterSetClient: 'utf8mb4',
    collationConnection: value('collation_connection'),
    timeZone: value('time_zone'),
  }
}

export function foreignKey(table: string, definition: string): ForeignKey {
  const name = /^CONSTRAINT\s+`((?:[^`]|``)+)`/i.exec(definition)?.[1]?.replaceAll('``', '`')
  if (name === undefined) throw new Failure('LOAD_FAILED', `Cannot stage table "${table}": one of its foreign keys has no name`)
  return { table, name, definition }
}

export async function indexNames(database: Database, table: string): Promise<string[]> {
  const rows = await database.query(`SHOW INDEX FROM ${quoteName(table)}`)
  return [...new Set(rows.map((row) => String(row['Key_name'])))]
}

function definerText(account: string): string {
  const at = account.lastIndexOf('@')
  return `${quoteName(account.slice(0, at))}@${quoteName(account.slice(at + 1))}`
}
