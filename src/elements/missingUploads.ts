import { existsSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import type { Environment } from '../sites/environment.ts'
import { rulesOf } from '../sites/frameworks/rules.ts'
import { connectDatabase, type Database } from './database/connect.ts'
import { quoteName } from './database/sqlText.ts'

type Places = Pick<Environment, 'framework' | 'database' | 'tablePrefix' | 'filesDirectory' | 'furtherFiles'>

const shownMax = 20

/**
 * Warns of files that the database names and the files directory lacks: such a site was damaged before its backup, and a
 * restore will not mend it. Reads names only; a database that cannot be asked has failed its dump already.
 */
export async function missingUploads(environment: Places, run: Run): Promise<void> {
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

async function findMissing(environment: Places): Promise<string[]> {
  const connection = await connectDatabase(environment.database)
  try {
    const missing: string[] = []
    for (const list of await listsOf(environment, connection)) missing.push(...(await missingOf(list, connection)))
    return missing
  } finally {
    await connection.close()
  }
}

/** A column in which files are named, and where what it names would stand; null for what is no file of this site. */
interface NamedFiles {
  table: string
  key: string
  column: string
  where: string
  at(named: string): { shown: string; path: string } | null
}

async function listsOf(environment: Places, connection: Database): Promise<NamedFiles[]> {
  const { tablePrefix, filesDirectory, furtherFiles, framework } = environment
  const { managedFiles } = rulesOf(framework)
  if (managedFiles === null) return uploadsOf(environment, connection)
  const schemes = new Map([['public', filesDirectory]])
  const privateFiles = furtherFiles.find(({ at }) => at.startsWith('private'))
  if (privateFiles !== undefined) schemes.set('private', privateFiles.directory)
  const { table, column } = managedFiles
  return [
    {
      table: `${tablePrefix}${table}`,
      key: 'fid',
      column,
      where: 'status = 1', // the others are uploads that nobody saved
      at(named) {
        const [, scheme = '', path = ''] = /^(\w+):\/\/(.*)$/s.exec(named) ?? []
        const directory = schemes.get(scheme)
        return directory === undefined ? null : { shown: named, path: join(directory, path) }
      },
    },
  ]
}

/** Each site of a network has its own table and its own directory. */
async function uploadsOf(
  { tablePrefix, filesDirectory, furtherFiles, framework }: Places,
  connection: Database,
): Promise<NamedFiles[]> {
  const list = (prefix: string, directory: string): NamedFiles => ({
    table: `${prefix}postmeta`,
    key: 'meta_id',
    column: 'meta_value',
    where: "meta_key = '_wp_attached_file'",
    at: (named) => ({ shown: named, path: join(directory, named) }),
  })
  const main = list(tablePrefix, filesDirectory)
  if (framework !== 'wordpress_network') return [main]
  const older = furtherFiles.find(({ at }) => at.startsWith('blogs.dir'))
  const rows = await connection.query(`SELECT blog_id AS id FROM ${quoteName(`${tablePrefix}blogs`)} WHERE blog_id > 1`)
  const others = rows.map(({ id }) => {
    const own = join(filesDirectory, 'sites', String(id))
    const isOlder = older !== undefined && existsSync(join(older.directory, String(id)))
    return list(`${tablePrefix}${id}_`, isOlder ? join(older.directory, String(id), 'files') : own)
  })
  return [main, ...others]
}

async function missingOf({ table, key, column, where, at }: NamedFiles, connection: Database): Promise<string[]> {
  const missing: string[] = []
  try {
    for (let after = 0; ;) {
      const rows = await connection.query(
        `SELECT ${key} AS id, ${column} AS path FROM ${quoteName(table)} WHERE ${where} AND ${key} > ${after} ORDER BY ${key} LIMIT 2000`,
      )
      const found = await Promise.all(
        rows.map(async (row) => {
          const place = at(String(row['path']))
          return place === null || (await isThere(place.path)) ? [] : [place.shown]
        }),
      )
      missing.push(...found.flat())
      if (rows.length < 2000) return missing
      after = Number(rows.at(-1)?.['id'])
    }
  } catch (error) {
    // a plugin may have changed the table: the dump told everything that matters
    if (error instanceof Error && 'errno' in error && (error.errno === 1146 || error.errno === 1054)) return missing
    throw error
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
