import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isErrno } from '../../src/base/failure.ts'
import type { Client } from '../../src/cli/client.ts'
import type { LinkView } from '../../src/contract/schemas.ts'
import type { TestMariadb } from '../servers/mariadb.ts'
import type { WordPress } from '../servers/wordpress.ts'
import type { Acknowledged } from './writers.ts'

/** Where marks are found. A row and a file count by themselves: an upload needs both. */
interface Found {
  site: Set<string>
  undo: Set<string>
  safety: Set<string>
}

export interface Account {
  lost: string[]
  /** How many rows and files stand where, of those that were acknowledged; the first place counts */
  site: number
  undo: number
  safety: number
}

interface Places {
  wordpress: WordPress
  mariadb: TestMariadb
  client: Client
  safetyBackups: readonly string[]
}

/** Looks for the row of every acknowledged write, and for the file of every upload: in the site, in undo sets, in safety backups. */
export async function account(acknowledged: readonly Acknowledged[], places: Places): Promise<Account> {
  const rows = await findRows(places)
  const files = await findFiles(places)
  const uploads = acknowledged.filter(({ kind }) => kind === 'upload')
  const result: Account = { lost: [], site: 0, undo: 0, safety: 0 }
  for (const [what, marks, found] of [
    ['row', acknowledged, rows],
    ['file', uploads, files],
  ] as const) {
    for (const { mark } of marks) {
      const place = (['site', 'undo', 'safety'] as const).find((name) => found[name].has(mark))
      if (place === undefined) result.lost.push(`${what} of ${mark}`)
      else result[place]++
    }
  }
  return result
}

/** Every mark that a writer with one of these labels makes. */
const marks = /[a-z]+\d*-[pu]\d-\d{5}/g

async function findRows({ wordpress, mariadb, client, safetyBackups }: Places): Promise<Found> {
  const own = wordpress.database.database
  const tables = await mariadb.admin(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.COLUMNS WHERE COLUMN_NAME = 'post_title'`,
  )
  const found: Found = { site: new Set(), undo: new Set(), safety: new Set() }
  for (const name of tables.split('\n').filter(Boolean)) {
    const [schema = '', table = ''] = name.split('.')
    const titles = await mariadb.admin(`SELECT post_title FROM \`${schema}\`.\`${table}\``)
    addMarks(schema === own && table === 'wp_posts' ? found.site : found.undo, titles)
  }
  for (const backup of safetyBackups) addMarks(found.safety, await download(client, backup, 'database'))
  return found
}

async function findFiles({ wordpress, client, safetyBackups }: Places): Promise<Found> {
  const found: Found = { site: new Set(), undo: new Set(), safety: new Set() }
  for (const path of filesIn(wordpress.directory)) {
    const isAside = path.includes('/.cairn-')
    if (isAside || path.startsWith(wordpress.uploads)) addMarks(isAside ? found.undo : found.site, readFileSync(path, 'latin1'))
  }
  for (const backup of safetyBackups) addMarks(found.safety, await download(client, backup, 'files'))
  return found
}

/** One archive of a backup, unpacked, as latin1. */
export async function download(client: Client, backup: string, element: string): Promise<string> {
  const { url } = await client.post<LinkView>(`/v1/backups/${backup}/links`, { element })
  return gunzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).toString('latin1')
}

export function addMarks(to: Set<string>, text: string): void {
  for (const [mark] of text.matchAll(marks)) to.add(mark)
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : []
    })
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
