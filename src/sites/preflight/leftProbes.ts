import { hash, randomBytes } from 'node:crypto'
import { type Probe, quoteName, refusalNumber } from '../connect.ts'

/** Begins the name of everything that a preflight makes in a database. */
const mark = '_cairnprobe_'

export function newProbeName(): string {
  return mark + randomBytes(6).toString('hex')
}

/**
 * Drops tables that a killed preflight left in the schema. Each preflight holds a lock that ends with its connection, so what
 * stands there once it is held belongs to nobody; where somebody holds it, the next preflight does it.
 */
export async function dropLeftTables(probe: Probe): Promise<void> {
  const [row] = await probe.query('SELECT DATABASE() AS name')
  if (!(await holdLock(probe, String(row?.['name'])))) return
  const left = await probe.query(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND ${isProbe('TABLE_NAME')}`,
  )
  for (const { name } of left) await drop(probe, `TABLE IF EXISTS ${quoteName(String(name))}`)
}

/** The same for schemas and locked accounts, with the administrator's account. */
export async function dropLeftSchemas(probe: Probe): Promise<void> {
  if (!(await holdLock(probe, ''))) return
  const schemas = await probe.query(`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE ${isProbe('SCHEMA_NAME')}`)
  for (const { name } of schemas) await drop(probe, `DATABASE IF EXISTS ${quoteName(String(name))}`)
  const accounts = await probe.query(`SELECT User AS name FROM mysql.user WHERE ${isProbe('User')}`).catch(nothingIfRefused)
  for (const { name } of accounts) await drop(probe, `USER IF EXISTS ${quoteName(String(name))}@'localhost'`)
}

/** What was never made may be refused to be dropped, too. */
export async function drop(probe: Probe, what: string): Promise<void> {
  await probe.query(`DROP ${what}`).catch(nothingIfRefused)
}

async function holdLock(probe: Probe, schema: string): Promise<boolean> {
  const name = `cairn preflight ${hash('sha1', schema)}` // names of locks end at 64 characters
  const [row] = await probe.query(`SELECT GET_LOCK('${name}', 5) AS held`)
  return Number(row?.['held']) === 1
}

function isProbe(column: string): string {
  return `${column} LIKE '${mark.replaceAll('_', '\\_')}%'`
}

function nothingIfRefused(error: unknown): never[] {
  if (refusalNumber(error) === null) throw error
  return []
}
