import { closeSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import { connectDatabase, sqlErrno } from '../elements/database/connect.ts'
import { structureOnlyTables, structureRules } from '../elements/database/structureOnly.ts'
import { quoteName } from '../elements/database/sqlText.ts'
import { setMtime, statOrNull } from '../hosts/local/changes.ts'
import { handlePath, openDirectory } from '../hosts/local/handles.ts'
import { removeByHandle } from '../hosts/local/removeByHandle.ts'
import { resolveTrusted } from '../hosts/local/resolveTrusted.ts'
import type { Environment } from '../sites/environment.ts'
import { rulesOf } from '../sites/frameworks/rules.ts'

type Changed = Pick<Environment, 'framework' | 'tablePrefix' | 'database' | 'filesDirectory'>

/**
 * Makes a framework build again what it had computed from code, files and database: the rows of its caches, and what it
 * compiled into the files directory. Without it a Drupal goes on with the container and the templates of the state before; its
 * caches would even hide that a table is missing. Never throws: the change has happened, what could not be done is a warning.
 */
export async function forgetCompiled(environment: Changed, run: Run): Promise<void> {
  try {
    await emptyTables(environment)
    removeCompiled(environment)
  } catch (error) {
    if (!isExpected(error)) throw error
    run.warn({
      code: 'CACHES_NOT_EMPTIED',
      element: null,
      message: `The caches of the site were not emptied (${error.message}): rebuild them, for example with "drush cache:rebuild"`,
      path: null,
    })
  }
}

async function emptyTables(environment: Changed): Promise<void> {
  const rules = structureRules(environment)
  if (rules.rules.length === 0) return
  const database = await connectDatabase(environment.database)
  try {
    await database.run('SET SESSION lock_wait_timeout=5, innodb_lock_wait_timeout=5')
    for (const { name } of await structureOnlyTables(database, rules)) {
      await database.run(`TRUNCATE TABLE ${quoteName(name)}`).catch((error: unknown) => {
        if (sqlErrno(error) !== 1142) throw error
        return database.run(`DELETE FROM ${quoteName(name)}`) // truncating needs the right to drop
      })
    }
  } finally {
    await database.close()
  }
}

/** The directory itself keeps its time: what is compiled comes and goes without being a change of the site. */
function removeCompiled({ framework, filesDirectory }: Changed): void {
  const { compiled } = rulesOf(framework)
  if (compiled.length === 0 || statOrNull(filesDirectory) === null) return
  const directory = openDirectory(resolveTrusted(filesDirectory))
  try {
    const before = statOrNull(handlePath(directory, ''))
    for (const name of compiled) removeByHandle(directory, Buffer.from(name))
    if (before !== null) setMtime(handlePath(directory, ''), before.mtimeNs)
  } finally {
    closeSync(directory)
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof Failure || sqlErrno(error) !== null || isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTEMPTY')
}
