import type { Database, Row } from '../connect.ts'
import { quoteText } from '../sqlText.ts'

/** A table by the name that the site knows it by, and the one that it has now: an apply stages tables under numbers. */
export interface TableName {
  name: string
  physicalName: string
}

export interface Column {
  name: string
  type: string
  /** Of a text column, as this server spells it; null for all others */
  charset: string | null
  /** text and json are looked at, bytes where they turn out to be text; other columns only serve to find a row again */
  holds: 'text' | 'json' | 'bytes' | 'number' | 'float' | 'bits' | 'shape' | 'other'
  isGenerated: boolean
  /** ON UPDATE CURRENT_TIMESTAMP: would change with the row */
  followsUpdates: boolean
}

export interface TableShape extends TableName {
  columns: Column[]
  /** Of the primary key, or the shortest unique one without NULL; null where there is none */
  key: Column[] | null
  /** Triggers that run at an UPDATE */
  triggers: string[]
}

/** Views and tables that are not there have no shape. */
export async function readShapes(database: Database, tables: readonly TableName[]): Promise<TableShape[]> {
  const names = tables.map(({ physicalName }) => quoteText(physicalName)).join(',')
  if (names === '') return []
  const here = `=DATABASE()`
  const columns = await database.query(
    `SELECT c.TABLE_NAME AS tab, c.COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_SET_NAME AS charset, EXTRA AS extra,
      GENERATION_EXPRESSION AS generated FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE c.TABLE_SCHEMA${here} AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND c.TABLE_NAME IN (${names}) ORDER BY 1, c.ORDINAL_POSITION`,
  )
  const keys = await database.query(
    `SELECT TABLE_NAME AS tab, INDEX_NAME AS name, COLUMN_NAME AS col, NULLABLE AS nullable FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA${here} AND NON_UNIQUE=0 AND TABLE_NAME IN (${names}) ORDER BY 1, 2, SEQ_IN_INDEX`,
  )
  const triggers = await database.query(
    `SELECT EVENT_OBJECT_TABLE AS tab, TRIGGER_NAME AS name FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA${here} AND EVENT_MANIPULATION='UPDATE' AND EVENT_OBJECT_TABLE IN (${names}) ORDER BY 1, 2`,
  )
  const of = (rows: Row[], name: string): Row[] => rows.filter((row) => text(row, 'tab') === name)
  return tables.flatMap(({ name, physicalName }) => {
    const own = of(columns, physicalName).map(columnOf)
    if (own.length === 0) return []
    const key = keyOf(of(keys, physicalName), own)
    return [{ name, physicalName, columns: own, key, triggers: of(triggers, physicalName).map((row) => text(row, 'name')) }]
  })
}

function columnOf(row: Row): Column {
  const type = text(row, 'type').toLowerCase()
  const charset = row['charset'] === null ? null : text(row, 'charset').toLowerCase()
  const extra = text(row, 'extra')
  return {
    name: text(row, 'name'),
    type,
    charset: charset === 'binary' ? null : charset,
    holds: holdsOf(type, charset),
    isGenerated: text(row, 'generated') !== '',
    followsUpdates: /on update/i.test(extra),
  }
}

function holdsOf(type: string, charset: string | null): Column['holds'] {
  if (/^(tiny|medium|long)?text$|^(var)?char$/.test(type)) return charset === null || charset === 'binary' ? 'bytes' : 'text'
  if (/^(tiny|medium|long)?blob$|^varbinary$/.test(type)) return 'bytes'
  if (type === 'json') return 'json'
  if (/^(tiny|small|medium|big)?int$|^decimal$|^year$/.test(type)) return 'number'
  if (/^float$|^double$/.test(type)) return 'float'
  if (type === 'bit') return 'bits'
  if (/^(geom|point|linestring|polygon|multi|vector)/.test(type)) return 'shape'
  return 'other'
}

function keyOf(rows: Row[], columns: readonly Column[]): Column[] | null {
  const byName = new Map<string, Column[] | null>()
  for (const row of rows) {
    const column = columns.find(({ name }) => name === row['col'])
    const known = byName.get(text(row, 'name'))
    const isUsable = column !== undefined && text(row, 'nullable') !== 'YES' && known !== null
    byName.set(text(row, 'name'), isUsable ? [...(known ?? []), column] : null)
  }
  const primary = byName.get('PRIMARY')
  if (primary !== undefined && primary !== null) return primary
  const unique = [...byName.values()].filter((key) => key !== null)
  return unique.sort((a, b) => a.length - b.length)[0] ?? null
}

function text(row: Row, column: string): string {
  const value = row[column]
  return value === null || value === undefined ? '' : String(value)
}
