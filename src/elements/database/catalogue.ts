import type { Database, Row } from './connect.ts'
import { sqlErrno } from './connect.ts'
import { type ServerFacts, serverKind } from './server.ts'
import { isStagedName, quoteName, quoteText } from './sqlText.ts'

export interface TableFacts {
  name: string
  kind: 'table' | 'sequence'
  engine: string
  collation: string
  /** InnoDB's estimate; the dump counts */
  rowsAbout: number
  sizeBytes: number
  systemVersioned: boolean
}

export interface DatabaseFacts {
  server: ServerFacts
  schema: string
  characterSet: string
  collation: string
  /** `user@host` as the server knows the account */
  account: string
  tables: TableFacts[]
  views: string[]
  triggers: { name: string; table: string }[]
  routines: { name: string; object: 'procedure' | 'function' }[]
  events: string[]
  /** Rights on this schema, in capitals; `ALL PRIVILEGES` stands for all */
  privileges: string[]
}

/** What the server says about the schema, without the staged tables of an apply. Rows are estimates. */
export async function facts(database: Database): Promise<DatabaseFacts> {
  const server = await serverKind(database)
  const [session] = await database.query('SELECT DATABASE() AS name, CURRENT_USER() AS account')
  const schema = text(session, 'name')
  const is = quoteText(schema)
  const [defaults] = await database.query(
    `SELECT DEFAULT_CHARACTER_SET_NAME AS cs, DEFAULT_COLLATION_NAME AS co FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=${is}`,
  )
  const rows = await database.query(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine, TABLE_COLLATION AS collation, TABLE_ROWS AS row_count,
      DATA_LENGTH + INDEX_LENGTH AS size FROM information_schema.TABLES WHERE TABLE_SCHEMA=${is} ORDER BY TABLE_NAME`,
  )
  const standing = rows.filter((row) => !isStagedName(text(row, 'name')))
  const triggers = await database.query(
    `SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS tab FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=${is}
      ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER`,
  )
  const routines = await database.query(
    `SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA=${is} ORDER BY ROUTINE_NAME`,
  )
  const events = await database.query(
    `SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA=${is} ORDER BY EVENT_NAME`,
  )
  return {
    server,
    schema,
    characterSet: text(defaults, 'cs'),
    collation: text(defaults, 'co'),
    account: text(session, 'account'),
    tables: standing.filter((row) => !text(row, 'type').endsWith('VIEW')).map(tableFacts),
    views: standing.filter((row) => text(row, 'type') === 'VIEW').map((row) => text(row, 'name')),
    triggers: triggers
      .map((row) => ({ name: text(row, 'name'), table: text(row, 'tab') }))
      .filter(({ table }) => !isStagedName(table)),
    routines: routines
      .filter((row) => ['PROCEDURE', 'FUNCTION'].includes(text(row, 'type')))
      .map((row) => ({ name: text(row, 'name'), object: text(row, 'type') === 'PROCEDURE' ? 'procedure' : 'function' })),
    events: events.map((row) => text(row, 'name')),
    privileges: await privilegesOn(database, schema),
  }
}

function tableFacts(row: Row): TableFacts {
  return {
    name: text(row, 'name'),
    kind: text(row, 'type') === 'SEQUENCE' ? 'sequence' : 'table',
    engine: text(row, 'engine'),
    collation: text(row, 'collation'),
    rowsAbout: Number(row['row_count'] ?? 0),
    sizeBytes: Number(row['size'] ?? 0),
    systemVersioned: text(row, 'type') === 'SYSTEM VERSIONED',
  }
}

/** Rights from SHOW GRANTS that hold on the whole schema, directly or through a pattern; rights by role are not seen. */
export async function privilegesOn(database: Database, schema: string): Promise<string[]> {
  const found = new Set<string>()
  for (const row of await database.query('SHOW GRANTS')) {
    const line = String(Object.values(row)[0] ?? '')
    const match = /^GRANT (.+) ON (\*|`(?:[^`]|``)*`)\.\* TO /.exec(line)
    if (match === null) continue
    const [, list = '', where = ''] = match
    if (where !== '*' && !matchesPattern(where.slice(1, -1).replaceAll('``', '`'), schema)) continue
    for (const right of list.split(/,(?![^(]*\))/)) found.add(right.trim().toUpperCase())
  }
  return [...found].sort()
}

/** A grant's schema is a LIKE pattern. */
function matchesPattern(pattern: string, name: string): boolean {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    if (char === '\\' && i + 1 < pattern.length) source += escaped(pattern.charAt(++i))
    else source += char === '%' ? '.*' : char === '_' ? '.' : escaped(char)
  }
  return new RegExp(`^${source}$`, 'su').test(name)
}

function escaped(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`)
}

export function mayDo(privileges: readonly string[], right: string): boolean {
  return privileges.includes(right) || privileges.includes('ALL PRIVILEGES')
}

/** Views that a dump would fail on: one of another schema that is gone, a missing table, a definer without rights. */
export async function brokenViews(database: Database, views: readonly string[]): Promise<{ name: string; reason: string }[]> {
  const broken: { name: string; reason: string }[] = []
  for (const name of views) {
    try {
      await database.query(`SHOW CREATE VIEW ${quoteName(name)}`)
      await database.query(`SHOW FIELDS FROM ${quoteName(name)}`)
      await database.query(`SELECT 1 FROM ${quoteName(name)} LIMIT 0`)
    } catch (error) {
      if (sqlErrno(error) === null) throw error
      broken.push({ name, reason: (error as Error).message })
    }
  }
  return broken
}

/** Routines whose text the account may not read: a dump would fail on them, and nobody could make them again. */
export async function unreadableRoutines(database: Database, routines: DatabaseFacts['routines']): Promise<string[]> {
  const unreadable: string[] = []
  for (const { name, object } of routines) {
    const rows = await database.query(`SHOW CREATE ${object.toUpperCase()} ${quoteName(name)}`).catch((error: unknown) => {
      if (sqlErrno(error) === null) throw error
      return []
    })
    if (typeof rows[0]?.[object === 'procedure' ? 'Create Procedure' : 'Create Function'] !== 'string') unreadable.push(name)
  }
  return unreadable
}

function text(row: Row | undefined, column: string): string {
  const value = row?.[column]
  return value === null || value === undefined ? '' : String(value)
}
