import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Client } from 'pg'
import { planId } from '../../src/releases/database/plan.ts'
import type { SmallSite } from './smallSite.ts'

interface UndoSet {
  id: string
  home: string | null
  database: boolean
}

/**
 * What stands on the disk and in the database beyond the recorded undo sets, in words: work directories, `.maintenance`,
 * one-off scripts, staged tables and schemas, plans; and what the state database keeps of writers that are gone.
 */
export async function leftovers(data: string, sites: readonly SmallSite[]): Promise<string[]> {
  const { undoSets, sessions } = await askState(data)
  const homes = new Set(undoSets.flatMap(({ home }) => (home === null ? [] : [basename(home)])))
  const ids = undoSets.filter(({ database }) => database).map(({ id }) => planId(id))
  const found: string[] = []
  for (const { directory, database, mariadb } of sites) {
    for (const path of pathsIn(directory)) {
      const name = basename(path)
      const isLeft = name.startsWith('.cairn-') ? !homes.has(name) : name === '.maintenance' || name.startsWith('cairn-opcache-')
      if (isLeft) found.push(path)
    }
    const tables = await mariadb.admin(
      `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='${database}' AND TABLE_NAME LIKE '\\_cairn%'`,
    )
    const schemas = await mariadb.admin(`SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'cairn\\_%'`)
    for (const name of [...tables.split('\n'), ...schemas.split('\n')].filter(Boolean)) {
      if (!ids.some((id) => name.includes(id))) found.push(`${database}: ${name}`)
    }
    const locked = await mariadb.admin(`SHOW CREATE USER '${database}'@'localhost'`)
    if (locked.includes('ACCOUNT LOCK')) found.push(`${database}: the site's account is locked`)
  }
  for (const name of readdirSync(join(data, 'applies'))) {
    if (!ids.includes(planId(name))) found.push(join(data, 'applies', name))
  }
  if (sessions > 0) found.push(`${sessions} sessions of writers`)
  return [...new Set(found)]
}

/** Not with `recursive`, which goes through links, and round in circles of them. What is in a work directory does not count. */
function pathsIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    return [path, ...(entry.isDirectory() && !entry.name.startsWith('.cairn-') ? pathsIn(path) : [])]
  })
}

/** Open workflows with their logs, and the jobs that are to wake them: for whoever reads that something takes long. */
export async function lastWords(data: string): Promise<unknown[]> {
  const open = `select id, state, attempt, beat_at, now() as now from workflow where state in ('queued', 'running')`
  const logs = `select at, level, message from workflow_log join workflow on workflow.id = workflow_id where state = 'running' order by at`
  const jobs = `select id, state, singleton_key, created_on, started_on, heartbeat_on from pgboss.job where state in ('created', 'retry', 'active')`
  return withState(data, async (client) => [
    ...(await client.query<object>(open)).rows,
    ...(await client.query<object>(logs)).rows,
    ...(await client.query<object>(jobs)).rows,
  ])
}

async function askState(data: string): Promise<{ undoSets: UndoSet[]; sessions: number }> {
  return withState(data, async (client) => {
    const undo = await client.query<{ plan: UndoSet }>("select plan from undo where state <> 'dropped'")
    const sessions = await client.query('select 1 from write_session')
    return { undoSets: undo.rows.map(({ plan }) => plan), sessions: sessions.rows.length }
  })
}

async function withState<T>(data: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ host: join(data, 'postgres/socket'), port: 5432, user: 'cairn', database: 'cairn' })
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}
