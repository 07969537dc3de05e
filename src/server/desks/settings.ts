import type { Kysely } from 'kysely'
import type { SettingsDesk } from '../../api/deps.ts'
import type { InstallationSettings } from '../../contract/settingsSchemas.ts'
import { json } from '../../state/json.ts'
import type { StateTables } from '../../state/tables.ts'

const key = 'installation'
const unset: InstallationSettings = { supportContact: null }

/** What is set for everybody: one row, so that a new setting needs no migration. */
export function settingsDesk(db: Kysely<StateTables>): SettingsDesk {
  const read = async (): Promise<InstallationSettings> => {
    const row = await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
    return { ...unset, ...(row?.value as Partial<InstallationSettings> | undefined) }
  }
  return {
    read,
    async change(change) {
      const value = json({ ...(await read()), ...change })
      await db
        .insertInto('setting')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute()
      return read()
    },
  }
}
