import type { Database } from '../connect.ts'
import { quoteName, quoteText } from '../sqlText.ts'
import { type AddressPair, parseAddress } from './addressPair.ts'
import type { ReplaceReport } from './report.ts'
import type { TableName } from './tableShape.ts'

/** A site of a WordPress network as its tables name it: `domain` may hold a port, `path` begins and ends with a slash. */
interface Blog {
  blogId: number
  siteId: number
  domain: string
  path: string
}

/** Where a site of a network goes. */
export interface BlogMove {
  blogId: number
  from: { domain: string; path: string }
  to: { domain: string; path: string }
}

/** The sites of a network, the main one first; null where the tables are those of a single site. */
export async function readNetwork(database: Database, tables: readonly TableName[], prefix: string): Promise<Blog[] | null> {
  const blogs = tables.find(({ name }) => name === `${prefix}blogs`)
  if (blogs === undefined || !tables.some(({ name }) => name === `${prefix}site`)) return null
  const rows = await database.query(
    `SELECT blog_id, site_id, domain, path FROM ${quoteName(blogs.physicalName)} ORDER BY blog_id`,
  )
  return rows.map((row) => ({
    blogId: Number(row['blog_id']),
    siteId: Number(row['site_id']),
    domain: String(row['domain']),
    path: String(row['path']),
  }))
}

/**
 * Where each site goes when the network moves: the same host or a host below it, the same path or one below it. A site with a
 * domain of its own has no place in the new network by itself: it is not in the answer, and the caller names one.
 */
export function moveNetwork(blogs: readonly Blog[], pair: AddressPair): BlogMove[] {
  const from = parseAddress(pair.from)
  const to = parseAddress(pair.to)
  const oldHost = from.port === null ? from.host : `${from.host}:${from.port}`
  const newHost = to.port === null ? to.host : `${to.host}:${to.port}`
  return blogs.flatMap(({ blogId, domain, path }) => {
    const isBelow = domain.endsWith(`.${oldHost}`)
    if ((domain !== oldHost && !isBelow) || !path.startsWith(`${from.path}/`)) return []
    const host = isBelow ? domain.slice(0, -oldHost.length) + newHost : newHost
    return [{ blogId, from: { domain, path }, to: { domain: host, path: to.path + path.slice(from.path.length) } }]
  })
}

/** The pairs that say the same of addresses in text. */
export function pairsOf(moves: readonly BlogMove[], scheme: 'http' | 'https' | null): AddressPair[] {
  const lead = scheme === null ? '//' : `${scheme}://`
  return moves.map(({ from, to }) => ({ from: `//${from.domain}${from.path}`, to: `${lead}${to.domain}${to.path}` }))
}

/** Columns that name the domain of a site beside that: of users that were added to it, and of sites that are not confirmed yet. */
const mentions = [
  { suffix: 'usermeta', idColumn: 'umeta_id', column: 'meta_value', where: "meta_key='source_domain'" },
  { suffix: 'signups', idColumn: 'signup_id', column: 'domain', where: 'active=0' },
] as const

/**
 * Brings the tables by which WordPress finds its sites to the new addresses; they hold hosts and paths apart, without `//`.
 * Rows that are not what a move starts from stay as they are, so a second run changes nothing.
 */
export async function applyMoves(
  database: Database,
  tables: readonly TableName[],
  prefix: string,
  moves: readonly BlogMove[],
  dryRun: boolean,
): Promise<ReplaceReport['network']> {
  const changed: ReplaceReport['network'] = []
  for (const [suffix, idColumn] of [
    ['blogs', 'blog_id'],
    ['site', 'id'],
  ] as const) {
    const table = tables.find(({ name }) => name === prefix + suffix)
    if (table === undefined) continue
    const name = quoteName(table.physicalName)
    for (const row of await database.query(`SELECT ${idColumn} AS id, domain, path FROM ${name} ORDER BY 1`)) {
      const move = moves.find(
        ({ blogId, from }) =>
          from.domain === row['domain'] && from.path === row['path'] && (suffix === 'site' || blogId === Number(row['id'])),
      )
      if (move === undefined) continue
      const { domain, path } = move.to
      changed.push({
        table: table.name,
        row: `${idColumn}=${row['id']}`,
        before: `${row['domain']}${row['path']}`,
        after: domain + path,
      })
      if (dryRun) continue
      await database.run(
        `UPDATE ${name} SET domain=${quoteText(domain)}, path=${quoteText(path)} WHERE ${idColumn}=${Number(row['id'])}
          AND domain=${quoteText(move.from.domain)} AND path=${quoteText(move.from.path)}`,
      )
    }
  }
  changed.push(...(await moveMentions(database, tables, prefix, moves, dryRun)))
  return changed
}

async function moveMentions(
  database: Database,
  tables: readonly TableName[],
  prefix: string,
  moves: readonly BlogMove[],
  dryRun: boolean,
): Promise<ReplaceReport['network']> {
  const changed: ReplaceReport['network'] = []
  const moved = new Map(moves.filter(({ from, to }) => from.domain !== to.domain).map(({ from, to }) => [from.domain, to.domain]))
  for (const { suffix, idColumn, column, where } of mentions) {
    const table = tables.find(({ name }) => name === prefix + suffix)
    if (table === undefined) continue
    const name = quoteName(table.physicalName)
    for (const row of await database.query(`SELECT ${idColumn} AS id, ${column} AS domain FROM ${name} WHERE ${where}`)) {
      const before = String(row['domain'])
      const after = moved.get(before)
      if (after === undefined) continue
      changed.push({ table: table.name, row: `${idColumn}=${row['id']}`, before, after })
      if (!dryRun) await database.run(`UPDATE ${name} SET ${column}=${quoteText(after)} WHERE ${idColumn}=${Number(row['id'])}`)
    }
  }
  return changed
}
