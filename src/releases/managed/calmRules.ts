import type { Framework } from '../../contract/words.ts'

/** What a copy of a live site must not go on with. A table that is not there, or lacks a column, is somebody else's: left alone. */
export interface CalmRule {
  /** Of the name without the prefix; networks have a set of tables for each of their sites */
  table: RegExp
  columns: string[]
  /** What follows the verb, with `TABLE` for the table */
  sql: string
  /** With `#` for the number of rows */
  says: string
}

const wordpress: CalmRule[] = [
  {
    table: /^usermeta$/,
    columns: ['meta_key', 'meta_value'],
    sql: "DELETE FROM TABLE WHERE meta_key='session_tokens'",
    says: '# sign-ins of users ended',
  },
  {
    table: /^(?:\d+_)?woocommerce_sessions$/,
    columns: ['session_key', 'session_value'],
    sql: 'DELETE FROM TABLE',
    says: '# shopping sessions of visitors emptied',
  },
  {
    // it runs from requests of its own, without WordPress's cron; a canceled action is made again by whoever needs it
    table: /^(?:\d+_)?actionscheduler_actions$/,
    columns: ['action_id', 'hook', 'status'],
    sql: "UPDATE TABLE SET status='canceled' WHERE status IN ('pending', 'in-progress')",
    says: '# waiting actions of Action Scheduler canceled: renewals, charges and mails of the source are not carried out here',
  },
]

const drupal: CalmRule[] = [
  { table: /^sessions$/, columns: ['uid', 'sid'], sql: 'DELETE FROM TABLE', says: '# sessions of users and visitors emptied' },
]

export const calmRules: Record<Framework, CalmRule[]> = {
  wordpress,
  wordpress_network: wordpress,
  drupal7: drupal,
  drupal8: drupal,
  backdrop: drupal,
}
