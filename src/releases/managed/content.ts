import { Failure } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { connectDatabase, refusal } from '../../elements/database/connect.ts'
import type { DumpFacts } from '../../elements/database/dumpDatabase.ts'
import { loadDump, type LoadResult } from '../../elements/database/loadDump.ts'
import { createObjects } from '../../elements/database/objects.ts'
import { quoteName, quoteText } from '../../elements/database/sqlText.ts'
import { verifyContent } from '../../elements/database/verifyContent.ts'
import type { MysqlHome } from '../../runtime/types.ts'
import { type DatabaseCredentials, guardCredentials } from '../../sites/credentials.ts'
import type { Names } from './names.ts'
import type { Release } from './records.ts'

/** An empty schema, and who may do what there. */
export interface LoadTarget {
  /** The release's account: this one schema and nothing else */
  credentials: DatabaseCredentials
  /** Every right; never for SQL that somebody else wrote */
  admin: DatabaseCredentials
  /** Whom stored objects belong to, as SQL writes it */
  definer: string
}

/** How a release's site reaches its database. */
export function releaseCredentials(mysql: Pick<MysqlHome, 'host' | 'port'>, release: Release): DatabaseCredentials {
  const { account, schema, secrets } = release
  return guardCredentials({
    host: mysql.host,
    port: mysql.port,
    socket: null,
    user: account,
    password: secrets.password,
    database: schema,
    charset: 'utf8mb4',
  })
}

/** Makes the schema of a release with its owner, empty whatever it held, and the release's account. */
export async function makeSchema(mysql: MysqlHome, names: Names, release: Release): Promise<LoadTarget> {
  const { schema } = release
  await mysql.dropSchema(schema)
  await mysql.createSchema(schema)
  await mysql.createOwner({ user: names.owner(schema), schema })
  await makeAccount(mysql, release)
  return {
    credentials: releaseCredentials(mysql, release),
    admin: adminOf(mysql, schema),
    definer: await definerOf(mysql, names.owner(schema)),
  }
}

export function makeAccount(mysql: MysqlHome, { account, schema, secrets }: Release): Promise<void> {
  return mysql.createAccount({ user: account, password: secrets.password, schema })
}

/**
 * Loads a dump into the schema of a release. Tables and rows go in through the release's own account, under the loader's policy;
 * views, triggers, routines and events are made for their owner, whatever the dump says whose they were.
 *
 * @param wanted what the manifest of the dump says: the rows that the server then counts, and the objects, must be these
 * @throws {Failure} LOAD_FAILED, DATABASE_REFUSED, VERIFY_FAILED, WORKFLOW_CANCELLED; the schema is then to be made again
 */
export async function loadContent(
  target: LoadTarget,
  dump: AsyncIterable<Buffer>,
  { wanted = null, requireTrailer = true, run }: { wanted?: DumpFacts | null; requireTrailer?: boolean; run: Run },
): Promise<LoadResult> {
  if (wanted !== null) await setDefaults(target, wanted)
  const loaded = await loadDump(target.credentials, dump, {
    keepObjects: true,
    definer: target.definer,
    requireTrailer,
    run,
  })
  const bytes = await connectDatabase(target.admin, { wire: 'bytes' })
  try {
    await createObjects(bytes, loaded.objects)
  } finally {
    await bytes.close()
  }
  if (wanted !== null) await verifyLoaded(target, loaded, wanted)
  return loaded
}

/** For Cairn itself: a release's own account may not read the text of stored procedures, whose definer is their owner. */
export function adminOf({ host, port, socket, adminLogin }: MysqlHome, schema: string): DatabaseCredentials {
  return guardCredentials({ host, port, socket, ...adminLogin, database: schema })
}

/** One account of this user, as the server has it: which hosts it is for is the server's business. */
async function definerOf(mysql: MysqlHome, user: string): Promise<string> {
  const admin = await mysql.admin()
  try {
    const [row] = await admin.query('SELECT Host AS host FROM mysql.user WHERE User=? ORDER BY Host', [user])
    if (row === undefined) throw new Error(`the owner "${user}" is not there`)
    return `${quoteText(user)}@${quoteText(String(row['host']))}`
  } finally {
    await admin.close()
  }
}

/** Tables that come later without saying so themselves take the character set of their schema. */
async function setDefaults({ admin }: LoadTarget, { characterSet, collation }: DumpFacts): Promise<void> {
  const isWord = (text: string): boolean => /^\w+$/.test(text)
  if (!isWord(characterSet) || !isWord(collation)) return
  const database = await connectDatabase(admin)
  try {
    await database.run(`ALTER DATABASE ${quoteName(admin.database)} CHARACTER SET ${characterSet} COLLATE ${collation}`)
  } catch (error) {
    // a collation that only the other server has: the tables say their own
    const worded = refusal(error, 'Cannot set the character set of the schema')
    if (!(worded instanceof Failure) || worded.retry === 'later') throw worded
  } finally {
    await database.close()
  }
}

async function verifyLoaded({ credentials }: LoadTarget, loaded: LoadResult, wanted: DumpFacts): Promise<void> {
  const database = await connectDatabase(credentials)
  const countRows = async (table: string): Promise<number> => {
    const [row] = await database.query(`SELECT COUNT(*) AS row_count FROM ${quoteName(table)}`)
    return Number(row?.['row_count'])
  }
  try {
    const tables = loaded.tables.map(({ name }) => name)
    await verifyContent({ what: 'loaded', tables, objects: loaded.objects, countRows }, wanted)
  } finally {
    await database.close()
  }
}
