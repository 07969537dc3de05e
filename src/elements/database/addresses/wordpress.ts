import type { Database } from '../connect.ts'
import { quoteName, quoteText } from '../sqlText.ts'
import type { ReplaceReport } from './report.ts'
import type { TableName } from './tableShape.ts'

/** Rows that WordPress or a plugin makes again, and that would go on to serve what was made for the old address. */
const remade = [
  { suffix: 'options', column: 'option_name', what: 'rewrite_rules', rows: ['rewrite_rules'], begin: [] },
  { suffix: 'options', column: 'option_name', what: 'transients', rows: [], begin: ['_transient_', '_site_transient_'] },
  { suffix: 'sitemeta', column: 'meta_key', what: 'transients', rows: [], begin: ['_site_transient_'] },
  {
    suffix: 'postmeta',
    column: 'meta_key',
    what: 'Elementor CSS',
    rows: ['_elementor_css', '_elementor_element_cache'],
    begin: [],
  },
  { suffix: 'options', column: 'option_name', what: 'Elementor CSS', rows: ['_elementor_global_css'], begin: [] },
] as const

/** Empties what is made anew from the new addresses, on every site of a network; a dry run counts. */
export async function clearRemade(
  database: Database,
  tables: readonly TableName[],
  prefix: string,
  dryRun: boolean,
): Promise<ReplaceReport['cleared']> {
  const cleared: ReplaceReport['cleared'] = []
  for (const { suffix, column, what, rows, begin } of remade) {
    const conditions = [
      ...rows.map((row) => `${column}=${quoteText(row)}`),
      ...begin.map((start) => `LEFT(${column}, ${start.length})=${quoteText(start)}`),
    ].join(' OR ')
    for (const table of tables.filter(({ name }) => siteTable(name, prefix) === suffix)) {
      const name = quoteName(table.physicalName)
      const counted = dryRun
        ? Number((await database.query(`SELECT COUNT(*) AS n FROM ${name} WHERE ${conditions}`))[0]?.['n'] ?? 0)
        : (await database.run(`DELETE FROM ${name} WHERE ${conditions}`)).affectedRows
      if (counted > 0) cleared.push({ table: table.name, what, rows: counted })
    }
  }
  return cleared
}

/** `posts` for `wp_posts` and, in a network, for `wp_7_posts`; null for the tables of others. */
export function siteTable(name: string, prefix: string): string | null {
  return name.startsWith(prefix) ? name.slice(prefix.length).replace(/^\d+_/, '') : null
}

/** The addresses that the site itself has in its options; null for one that is not there. */
export async function wordpressAddresses(
  database: Database,
  tables: readonly TableName[],
  prefix: string,
): Promise<{ siteurl: string | null; home: string | null }> {
  const options = tables.find(({ name }) => name === `${prefix}options`)
  if (options === undefined) return { siteurl: null, home: null }
  const rows = await database.query(
    `SELECT option_name, option_value FROM ${quoteName(options.physicalName)} WHERE option_name IN ('siteurl', 'home')`,
  )
  const value = (name: string): string | null => {
    const row = rows.find((candidate) => candidate['option_name'] === name)
    return row === undefined ? null : String(row['option_value'])
  }
  return { siteurl: value('siteurl'), home: value('home') }
}
