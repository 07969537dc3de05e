import { Failure } from '../../base/failure.ts'
import { connectProbe, type Probe, quoteName, refusalNumber, sayWhy } from '../connect.ts'
import type { AdminCredentials, DatabaseCredentials } from '../credentials.ts'
import { drop, dropLeftSchemas, dropLeftTables, newProbeName } from './leftProbes.ts'
import { bad, type Check, doubtful, good } from './types.ts'

/** schema: loaded into a second schema, exchanged by the administrator's account; tables: under numbered names in the same one. */
export type DatabaseMode = 'schema' | 'tables' | 'refused'

export interface DatabaseReport {
  mode: DatabaseMode
  checks: Check[]
}

/** Tries out with both accounts what a restore of the database does. What is made on the way is dropped again. */
export async function checkDatabase(credentials: DatabaseCredentials, admin: AdminCredentials | null): Promise<DatabaseReport> {
  let probe: Probe
  try {
    probe = await connectProbe(credentials)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return {
      mode: 'refused',
      checks: [bad('database.connect', `${error.message}${error.hint === undefined ? '' : `. ${error.hint}`}`)],
    }
  }
  try {
    await dropLeftTables(probe)
    const checks = [await checkServer(probe), ...(await checkStoredObjects(probe)), ...(await checkTables(probe))]
    const second = admin === null ? null : await checkAdmin(credentials, admin)
    if (second !== null) checks.push(...second.checks)
    if (second?.mayExchange === true) return { mode: 'schema', checks }
    checks.push(
      good('database.mode', 'Tables are loaded beside the old ones, in the same schema, and exchanged by one RENAME TABLE'),
    )
    return { mode: checks.some(({ level }) => level === 'error') ? 'refused' : 'tables', checks }
  } finally {
    await probe.close()
  }
}

async function checkServer(probe: Probe): Promise<Check> {
  const [row] = await probe.query('SELECT VERSION() AS version, CURRENT_USER() AS account')
  const [cipher] = await probe.query("SHOW SESSION STATUS LIKE 'Ssl_version'")
  const tls = String(cipher?.['Value'] ?? '')
  const how = tls === '' ? '' : `, encrypted with ${tls}`
  return good('database.connect', `Connected to ${serverName(String(row?.['version']))} as ${String(row?.['account'])}${how}`)
}

function serverName(version: string): string {
  return version.includes('MariaDB') ? `MariaDB ${version.replace(/-MariaDB.*/, '')}` : `MySQL ${version}`
}

interface Counts {
  triggers: number
  views: number
  routines: number
  events: number
  foreign: number
}

/** Whether the account sees what hangs on the tables: without the right, a dump would leave it out in silence. */
async function checkStoredObjects(probe: Probe): Promise<Check[]> {
  const count = async (from: string): Promise<number> =>
    Number((await probe.query(`SELECT COUNT(*) AS n FROM information_schema.${from}`))[0]?.['n'] ?? 0)
  const counts: Counts = {
    triggers: await count('TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()'),
    views: await count('VIEWS WHERE TABLE_SCHEMA = DATABASE()'),
    routines: await count('ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()'),
    events: await count('EVENTS WHERE EVENT_SCHEMA = DATABASE()'),
    foreign: await count(`TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'`),
  }
  const checks = [await checkTrigger(probe, counts)]
  const parts = [`${counts.views} views`, `${counts.routines} routines`, `${counts.events} events`].filter(
    (part) => !part.startsWith('0 '),
  )
  if (parts.length > 0) checks.push(good('database.objects', `Besides tables there are ${parts.join(', ')}`))
  if (counts.foreign > 0) {
    checks.push(
      doubtful(
        'database.engines',
        `${counts.foreign} tables are not InnoDB: what is written to them during a backup may be torn`,
      ),
    )
  }
  return checks
}

/** Creates a table with a trigger and drops both: with the binary log on, TRIGGER alone is not enough (error 1419). */
async function checkTrigger(probe: Probe, { triggers }: Counts): Promise<Check> {
  const table = quoteName(newProbeName())
  const trigger = table.replace('probe', 'probet')
  try {
    await probe.query(`CREATE TABLE ${table} (id INT PRIMARY KEY) ENGINE=InnoDB`)
    await probe.query(`CREATE TRIGGER ${trigger} BEFORE INSERT ON ${table} FOR EACH ROW SET @cairn = 1`)
    await probe.query(`DROP TRIGGER ${trigger}`)
    return good('database.trigger', 'The account may create and drop triggers')
  } catch (error) {
    const number = refusalNumber(error)
    if (number === null) throw error
    const why =
      number === 1419 ? 'the binary log is on and log_bin_trust_function_creators is off (1419)' : `${sayWhy(error)} (${number})`
    if (triggers > 0) {
      return bad(
        'database.trigger',
        `The account may not create triggers, and the database has ${triggers}: ${why}; give an administrator's account`,
      )
    }
    return doubtful('database.trigger', `The account may not create triggers; the database shows none now: ${why}`)
  } finally {
    await drop(probe, `TABLE IF EXISTS ${table}`)
  }
}

/** The exchange itself: two tables renamed in one statement, and a foreign key made and dropped. */
async function checkTables(probe: Probe): Promise<Check[]> {
  const id = newProbeName()
  const names = ['a', 'b', 'c'].map((letter) => quoteName(`${id}${letter}`))
  const [a = '', b = '', c = ''] = names
  try {
    await probe.query(`CREATE TABLE ${a} (id INT PRIMARY KEY) ENGINE=InnoDB`)
    await probe.query(`CREATE TABLE ${b} (id INT PRIMARY KEY) ENGINE=InnoDB`)
    await probe.query(`RENAME TABLE ${a} TO ${c}, ${b} TO ${a}`)
    await probe.query(`INSERT INTO ${a} VALUES (1)`)
    await probe.query(`ALTER TABLE ${a} ADD COLUMN x INT`)
    return [good('database.tables', 'The account may create, rename, change and drop tables')]
  } catch (error) {
    const number = refusalNumber(error)
    if (number === null) throw error
    return [bad('database.tables', `The account may not create, rename, change and drop tables: ${sayWhy(error)} (${number})`)]
  } finally {
    for (const name of names) await drop(probe, `TABLE IF EXISTS ${name}`)
  }
}

/** A second schema, made and dropped, and an account that is locked and dropped: the steps of an exchange across schemas. */
async function checkAdmin(
  credentials: DatabaseCredentials,
  admin: AdminCredentials,
): Promise<{ mayExchange: boolean; checks: Check[] }> {
  let probe: Probe
  try {
    probe = await connectProbe({ ...credentials, ...admin }, { noSchema: true })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return {
      mayExchange: false,
      checks: [doubtful('database.admin', `The administrator's account is of no use: ${error.message}`)],
    }
  }
  const name = newProbeName()
  try {
    await dropLeftSchemas(probe)
    await probe.query(`CREATE DATABASE ${quoteName(name)}`)
    await probe.query(`CREATE TABLE ${quoteName(credentials.database)}.${quoteName(name)} (id INT PRIMARY KEY) ENGINE=InnoDB`)
    await probe.query(
      `RENAME TABLE ${quoteName(credentials.database)}.${quoteName(name)} TO ${quoteName(name)}.${quoteName(name)}`,
    )
    await probe.query(`CREATE USER ${quoteName(name)}@'localhost' ACCOUNT LOCK`)
    await probe.query('SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST')
    return {
      mayExchange: true,
      checks: [
        good(
          'database.admin',
          `${admin.user} may make a second schema, move tables into it and lock accounts: the exchange is one RENAME TABLE`,
        ),
      ],
    }
  } catch (error) {
    const number = refusalNumber(error)
    if (number === null) throw error
    const why = `${sayWhy(error)} (${number})`
    return {
      mayExchange: false,
      checks: [doubtful('database.admin', `The administrator's account lacks rights, the site's own is used: ${why}`)],
    }
  } finally {
    await drop(probe, `USER IF EXISTS ${quoteName(name)}@'localhost'`)
    await drop(probe, `TABLE IF EXISTS ${quoteName(credentials.database)}.${quoteName(name)}`)
    await drop(probe, `DATABASE IF EXISTS ${quoteName(name)}`)
    await probe.close()
  }
}
