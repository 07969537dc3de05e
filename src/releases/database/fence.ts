import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import { type Run, stopIfCancelled } from '../../base/run.ts'
import { type Database, sqlErrno } from '../../elements/database/connect.ts'
import { quoteText } from '../../elements/database/sqlText.ts'
import type { DatabasePlan } from './plan.ts'

/** Ids of the account's other connections that chose this schema. */
async function others(database: Database, user: string, schema: string): Promise<number[]> {
  const rows = await database.query(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID<>CONNECTION_ID() AND USER=${quoteText(user)}
      AND DB=${quoteText(schema)}`,
  )
  return rows.map((row) => Number(row['id']))
}

/**
 * Waits until the account's other connections in this schema have ended. Never kills one: without a locked account the site
 * would connect again in the middle of a transaction, and its next row would go into the other tables.
 *
 * @throws {Failure} DATABASE_BUSY when the time is over; nothing was changed
 */
export async function waitForConnections(
  database: Database,
  user: string,
  schema: string,
  timeoutMs: number,
  run: Run,
  ours?: number,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const open = (await others(database, user, schema)).filter((id) => id !== ours)
    if (open.length === 0) return
    stopIfCancelled(run)
    if (Date.now() >= until) {
      throw new Failure(
        'DATABASE_BUSY',
        `Cannot change the database: ${open.length} connections of the site did not end in ${timeoutMs} ms`,
        {
          hint: "Stop long requests and background jobs of the site, or attach it with an administrator's account of the database",
          retry: 'later',
        },
      )
    }
    run.progress({ note: `waiting for ${open.length} connections of the site` })
    await sleep(Math.min(100, timeoutMs))
  }
}

/**
 * Locks the site's accounts, then ends their connections, and waits until they are gone: from here on no statement of the site
 * runs. Safe to run again.
 *
 * @throws {Failure} DATABASE_BUSY when a connection outlives its KILL by 10 s; the accounts stay locked until `unfence`
 */
export async function fence(admin: Database, plan: DatabasePlan, user: string): Promise<void> {
  for (const account of plan.accounts) await admin.run(`ALTER USER ${account} ACCOUNT LOCK`)
  const until = Date.now() + 10_000
  for (;;) {
    const rows = await admin.query(
      `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID<>CONNECTION_ID() AND USER=${quoteText(user)}`,
    )
    if (rows.length === 0) return
    if (Date.now() >= until)
      throw new Failure('DATABASE_BUSY', 'Cannot change the database: a killed connection does not end', { retry: 'later' })
    for (const row of rows) {
      await admin.run(`KILL CONNECTION ${Number(row['id'])}`).catch((error: unknown) => {
        if (sqlErrno(error) !== 1094) throw error // 1094: it has ended by itself
      })
    }
    await sleep(20)
  }
}

export async function unfence(admin: Database, plan: DatabasePlan): Promise<void> {
  for (const account of plan.accounts) await admin.run(`ALTER USER ${account} ACCOUNT UNLOCK`)
}
