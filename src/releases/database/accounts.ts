import { type Database } from '../../elements/database/connect.ts'
import { quoteText } from '../../elements/database/sqlText.ts'
import type { AdminCredentials, DatabaseCredentials } from '../../sites/credentials.ts'

/** The administrator's account on the server of the site. */
export function asAdmin(
  credentials: DatabaseCredentials,
  admin: AdminCredentials,
  schema = credentials.database,
): DatabaseCredentials {
  return { ...credentials, user: admin.user, password: admin.password, database: schema }
}

/** `user@host` as the server tells it, as SQL writes it. */
export function accountText(account: string): string {
  const at = account.lastIndexOf('@')
  return `${quoteText(account.slice(0, at))}@${quoteText(account.slice(at + 1))}`
}

/** Every account of this user name that is not locked: a locked account stays as its owner left it. */
export async function lockableAccounts(admin: Database, user: string): Promise<string[]> {
  const rows = await admin.query(`SELECT Host AS host FROM mysql.user WHERE User=${quoteText(user)}`)
  const accounts: string[] = []
  for (const row of rows) {
    const account = `${quoteText(user)}@${quoteText(String(row['host']))}`
    const [shown] = await admin.query(`SHOW CREATE USER ${account}`)
    if (!/ACCOUNT LOCK/i.test(String(Object.values(shown ?? {})[0]))) accounts.push(account)
  }
  return accounts
}
