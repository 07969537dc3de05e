import type { Kysely } from 'kysely'
import type { KeyDesk } from '../../api/deps.ts'
import { exportKey } from '../../repository/keyFile.ts'
import type { RepositoryKey } from '../../repository/keys.ts'
import { json } from '../../state/json.ts'
import type { StateTables } from '../../state/tables.ts'

const setting = 'repository.key_exported'

/** Gives the repository's key out, and remembers for which repository that was done. */
export function keyDesk(db: Kysely<StateTables>, key: RepositoryKey): KeyDesk {
  return {
    async exported() {
      const row = await db.selectFrom('setting').select('value').where('key', '=', setting).executeTakeFirst()
      return row?.value === key.repositoryId
    },
    async export() {
      const value = json(key.repositoryId)
      await db
        .insertInto('setting')
        .values({ key: setting, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute()
      return { key: exportKey(key), repositoryId: key.repositoryId }
    },
  }
}
