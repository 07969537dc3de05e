import type { Column, TableName } from './tableShape.ts'
import { siteTable } from './wordpress.ts'

export interface SkipOptions {
  framework: 'wordpress' | 'drupal' | 'backdrop' | null
  tablePrefix: string
  /** Also WordPress's `guid`, by which feed readers know a post. @default false */
  guid?: boolean
}

const passwords: Record<string, string> = { users: 'user_pass' }
const drupalPasswords: Record<string, string> = { users: 'pass', users_field_data: 'pass' }

/** Why a column that holds text is not looked at; null where it is. */
export function skipReason({ name }: TableName, column: Column, options: SkipOptions): string | null {
  if (column.isGenerated) return 'generated from other columns'
  if (options.framework === 'wordpress') {
    const table = siteTable(name, options.tablePrefix) ?? ''
    if (table === 'posts' && column.name === 'guid' && options.guid !== true) return 'guid: feed readers know posts by it'
    if (passwords[table] === column.name) return 'password'
    if (/^(?:blogs|site)$/.test(table) && /^(?:domain|path)$/.test(column.name)) return 'changed by the map of the network'
  } else if (name.startsWith(options.tablePrefix) && drupalPasswords[name.slice(options.tablePrefix.length)] === column.name) {
    return 'password'
  }
  return null
}

/** Our own tables of an apply or a probe, which no site knows; one that is given as the staged form of a table is meant. */
export function isOwn(table: TableName): boolean {
  return table.name.startsWith('_cairn')
}
