import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { MysqlAdmin } from '../types.ts'
import { mysqlErrno } from './admin.ts'

/**
 * Drops a schema, also one that a killed server has half dropped: MariaDB then leaves files that no table knows (the `.TRN` of
 * a trigger, `FTS_*.ibd` of a full text index; seen with 10.11), and refuses to drop the directory for them ever after.
 *
 * @param dataDirectory of the server, null where its files are out of reach
 * @throws {Failure} MYSQL_HOME; where the files are out of reach it says what to remove
 */
export async function dropSchema(admin: MysqlAdmin, name: string, dataDirectory: string | null): Promise<void> {
  const drop = (): Promise<unknown> => admin.query(`DROP DATABASE IF EXISTS \`${name}\``)
  try {
    await drop()
  } catch (error) {
    if (mysqlErrno(error) !== directoryNotEmpty) throw error
    const known = await admin.query('SELECT 1 FROM information_schema.tables WHERE table_schema = ?', [name])
    if (known.length > 0) throw error
    if (dataDirectory === null) throw outOfReach(name, error)
    const directory = join(dataDirectory, name)
    for (const file of readdirSync(directory)) rmSync(join(directory, file))
    await drop()
  }
}

/** ER_DB_DROP_RMDIR */
const directoryNotEmpty = 1010

function outOfReach(name: string, cause: unknown): Failure {
  return new Failure('MYSQL_HOME', `Cannot drop the schema "${name}": the server was killed in the middle of it and left files`, {
    hint: `It has no tables any more: on the database server remove what is in the directory "${name}" of its data directory`,
    retry: 'after-repair',
    cause,
  })
}
