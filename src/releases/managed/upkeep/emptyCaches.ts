import { connectDatabase } from '../../../elements/database/connect.ts'
import { quoteName } from '../../../elements/database/sqlText.ts'
import type { MysqlHome } from '../../../runtime/types.ts'
import { rulesOf } from '../../../sites/frameworks/rules.ts'
import { columnsByTable } from '../calmClone.ts'
import { releaseCredentials } from '../content.ts'
import { readReleaseFile } from '../describeRelease.ts'
import { type ManagedPlace, releasePaths } from '../layout.ts'
import type { Releases } from '../records.ts'

/**
 * Empties the caches that a site keeps in its database, by what is known of its framework: no code of the site runs, so this
 * can be done before anything else does. A release that no row speaks of any more is left alone. Safe to repeat.
 *
 * @throws {Failure} DATABASE_REFUSED
 */
export async function emptyCaches(
  place: Pick<ManagedPlace, 'id' | 'directory'>,
  number: number,
  { releases, mysql }: { releases: Pick<Releases, 'list'>; mysql: Pick<MysqlHome, 'host' | 'port'> },
): Promise<void> {
  const release = (await releases.list(place.id)).find((each) => each.number === number)
  if (release === undefined) return
  const { code } = readReleaseFile(releasePaths(place, release.number).release)
  if (code === null) return
  const prefix = code.tablePrefix ?? code.ownTablePrefix ?? ''
  const credentials = releaseCredentials(mysql, release)
  const database = await connectDatabase(credentials)
  try {
    for (const [table, columns] of await columnsByTable(database, credentials.database)) {
      if (!table.startsWith(prefix)) continue
      const found = rulesOf(code.framework).caches.find(
        (rule) => rule.name.test(table.slice(prefix.length)) && rule.columns.every((column) => columns.has(column)),
      )
      if (found === undefined) continue
      await database.run(`DELETE FROM ${quoteName(table)}${found.rows === null ? '' : ` WHERE ${found.rows}`}`)
    }
  } finally {
    await database.close()
  }
}
