import type { MysqlHome } from '../../runtime/types.ts'

export type Accounts = Pick<MysqlHome, 'lockAccount' | 'unlockAccount' | 'killConnections' | 'listOwn'>

/** No new connection of a release's account, then no connection. One that is not there is fenced already. */
export async function fence(mysql: Accounts, account: string): Promise<void> {
  if (!(await isThere(mysql, account))) return
  await mysql.lockAccount(account)
  await mysql.killConnections(account)
}

/** Opens what a fence closed. An account that is gone stays so: a recovery must come to its end, whatever it finds. */
export async function unfence(mysql: Accounts, account: string): Promise<void> {
  if (await isThere(mysql, account)) await mysql.unlockAccount(account)
}

async function isThere(mysql: Accounts, account: string): Promise<boolean> {
  return (await mysql.listOwn([account])).accounts.includes(account)
}
