import { isAbsolute, normalize } from 'node:path'
import type { Database } from '../../elements/database/connect.ts'
import { quoteName } from '../../elements/database/sqlText.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { withDatabase } from './moveAddresses.ts'

interface Tables {
  credentials: DatabaseCredentials
  tablePrefix: string
  /** Told what was done, in sentences */
  say(sentence: string): void
}

/**
 * Where the option `upload_path` of a WordPress has its uploads, relative to the core; null for the usual place. A whole path is
 * one of another machine, where nothing can be written here: the option is emptied, and the addresses of the images stay as
 * WordPress made them.
 */
export async function settleUploadPath({ credentials, tablePrefix, say }: Tables): Promise<string | null> {
  return withDatabase(credentials, async (database) => {
    const table = `${tablePrefix}options`
    if (!(await hasTable(database, table))) return null
    const [row] = await database.query(`SELECT option_value AS path FROM ${quoteName(table)} WHERE option_name='upload_path'`)
    const path = typeof row?.['path'] === 'string' ? row['path'].trim().replace(/\/+$/, '') : ''
    if (path === '' || normalize(path) === 'wp-content/uploads') return null
    if (!isAbsolute(path) && !/^[a-z]:[\\/]/i.test(path)) return normalize(path)
    await database.run(`UPDATE ${quoteName(table)} SET option_value='' WHERE option_name='upload_path'`)
    say(`the option "upload_path" named "${path}", which is not here: it is empty now, and uploads stand in the usual directory`)
    return null
  })
}

async function hasTable(database: Database, name: string): Promise<boolean> {
  const rows = await database.query("SHOW FULL TABLES WHERE Table_type='BASE TABLE'")
  return rows.some((row) => String(Object.values(row)[0]) === name)
}
