import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import type { Environment } from '../sites/environment.ts'
import { connectDatabase } from './database/connect.ts'
import { quoteName } from './database/sqlText.ts'

const shownMax = 20

/**
 * Warns of files that the database names and the files directory lacks: such a site was damaged before its backup, and a
 * restore will not mend it. Reads names only; a database that cannot be asked has failed its dump already.
 */
export async function missingUploads(
  environment: Pick<Environment, 'database' | 'tablePrefix' | 'filesDirectory'>,
  run: Run,
): Promise<void> {
  const missing = await findMissing(environment)
  for (const path of missing.slice(0, shownMax)) {
    run.warn({
      code: 'UPLOAD_MISSING',
      element: 'files',
      message: `The database names "${path}", and the file is not there`,
      path,
    })
  }
  const more = missing.length - shownMax
  if (more > 0) {
    run.warn({
      code: 'UPLOAD_MISSING',
      element: 'files',
      message: `${more} more files are named by the database and not there`,
      path: null,
    })
  }
}

async function findMissing({
  database,
  tablePrefix,
  filesDirectory,
}: Pick<Environment, 'database' | 'tablePrefix' | 'filesDirectory'>): Promise<string[]> {
  const connection = await connectDatabase(database)
  try {
    const missing: string[] = []
    for (let after = 0; ;) {
      const rows = await connection.query(
        `SELECT meta_id AS id, meta_value AS path FROM ${quoteName(`${tablePrefix}postmeta`)}
         WHERE meta_key='_wp_attached_file' AND meta_id > ${after} ORDER BY meta_id LIMIT 2000`,
      )
      const found = await Promise.all(
        rows.map(async (row) => ((await isThere(join(filesDirectory, String(row['path'])))) ? [] : [String(row['path'])])),
      )
      missing.push(...found.flat())
      if (rows.length < 2000) return missing
      after = Number(rows.at(-1)?.['id'])
    }
  } catch (error) {
    // a plugin may have changed the table: the dump told everything that matters
    if (error instanceof Error && 'errno' in error && (error.errno === 1146 || error.errno === 1054)) return []
    throw error
  } finally {
    await connection.close()
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE')) return false
    throw error
  }
}
