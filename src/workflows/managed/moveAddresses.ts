import type { Run } from '../../base/run.ts'
import type { Framework } from '../../contract/words.ts'
import type { AddressPair } from '../../elements/database/addresses/addressPair.ts'
import { moveNetwork, readNetwork } from '../../elements/database/addresses/network.ts'
import { replaceInDatabase } from '../../elements/database/addresses/replaceInDatabase.ts'
import type { ReplaceReport } from '../../elements/database/addresses/report.ts'
import type { TableName } from '../../elements/database/addresses/tableShape.ts'
import { wordpressAddresses } from '../../elements/database/addresses/wordpress.ts'
import { connectDatabase, type Database } from '../../elements/database/connect.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'

interface Move {
  credentials: DatabaseCredentials
  framework: Framework
  tablePrefix: string
  /** Where the content was visited, as far as it is known beside what its own tables say */
  from: string | null
  to: string
  run: Run
}

/**
 * Makes the addresses of a WordPress those of its new environment, wherever they stand in its tables. Drupal keeps none.
 *
 * @returns sentences for the result
 */
export async function moveAddresses({ credentials, framework, tablePrefix, from, to, run }: Move): Promise<string[]> {
  if (!isWordpress(framework)) return []
  const { tables, blogs, pairs } = await withDatabase(credentials, async (database) => {
    const found = await tablesOf(database)
    const { home, siteurl } = await wordpressAddresses(database, found, tablePrefix)
    const main = home ?? from
    const network = main === null ? null : await readNetwork(database, found, tablePrefix)
    return {
      tables: found,
      blogs: network === null || main === null ? [] : moveNetwork(network, { from: main, to }),
      pairs: pairsFor([home, siteurl, from], main, to),
    }
  })
  if (pairs.length === 0) return []
  const report = await replaceInDatabase({
    ...{ credentials, tables, blogs, pairs, tablePrefix, dryRun: false, run },
    framework: 'wordpress',
  })
  warnOf(report, run)
  return pairs.map((pair) => `${pair.from} became ${pair.to}`).concat(`${report.replacements} addresses were replaced`)
}

/** WordPress in a folder of its own has two addresses: the longer one keeps its folder. */
export function pairsFor(addresses: readonly (string | null)[], main: string | null, to: string): AddressPair[] {
  const known = addresses.flatMap((address) => (address === null || address === '' ? [] : [address.replace(/\/+$/, '')]))
  return [...new Set(known)].flatMap((address) => {
    const base = main?.replace(/\/+$/, '') ?? address
    const folder = address.startsWith(`${base}/`) ? address.slice(base.length) : ''
    return address === `${to}${folder}` ? [] : [{ from: address, to: `${to}${folder}` }]
  })
}

export async function tablesOf(database: Database): Promise<TableName[]> {
  const rows = await database.query("SHOW FULL TABLES WHERE Table_type='BASE TABLE'")
  return rows.map((row) => String(Object.values(row)[0])).map((name) => ({ name, physicalName: name }))
}

export async function withDatabase<T>(credentials: DatabaseCredentials, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await connectDatabase(credentials)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

export function holdsTables(credentials: DatabaseCredentials): Promise<boolean> {
  return withDatabase(credentials, async (database) => (await tablesOf(database)).length > 0)
}

/** What the names of the tables of a site begin with, where nothing else tells it. */
export async function findPrefix(credentials: DatabaseCredentials, framework: Framework): Promise<string> {
  const names = (await withDatabase(credentials, tablesOf)).map(({ name }) => name)
  const [sign, beside] = isWordpress(framework) ? ['options', 'users'] : ['users', 'sessions']
  const found = names
    .filter((name) => name.endsWith(sign))
    .map((name) => name.slice(0, -sign.length))
    .filter((prefix) => names.includes(prefix + beside))
  return found.sort((a, b) => a.length - b.length)[0] ?? ''
}

export function isWordpress(framework: Framework): boolean {
  return framework === 'wordpress' || framework === 'wordpress_network'
}

function warnOf({ needsLook, failed }: ReplaceReport, run: Run): void {
  if (needsLook + failed === 0) return
  const message = `${needsLook + failed} cells hold an old address and were left as they are`
  run.warn({ code: 'ADDRESS_LEFT', element: 'database', message, path: null })
}
