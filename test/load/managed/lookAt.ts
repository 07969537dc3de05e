import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { connectDatabase, type Database } from '../../../src/elements/database/connect.ts'
import { isErrno } from '../../../src/base/failure.ts'
import { describeTree } from '../../../src/releases/apply/randomTree.suite.ts'
import { releaseName } from '../../../src/releases/managed/layout.ts'
import type { EnvironmentFile } from '../../../src/runtime/types.ts'
import { type DatabaseCredentials, guardCredentials } from '../../../src/sites/credentials.ts'
import type { Photograph } from '../photograph.ts'

/** What one release of an environment consists of, as it stands on the disk. */
export interface FoundRelease {
  number: number
  code: string
  /** The tree of its files, and how it is called */
  files: string
  filesId: string
  database: DatabaseCredentials
  url: string
}

/** The release that is current; null where there is none. */
export function findCurrent(environment: string): FoundRelease | null {
  try {
    return findRelease(environment, Number(readlinkSync(join(environment, 'current')).split('/').at(-1)))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

export function findRelease(environment: string, number: number): FoundRelease {
  const at = join(environment, 'releases', releaseName(number))
  const { variables } = JSON.parse(readFileSync(join(at, 'environment.json'), 'utf8')) as EnvironmentFile
  const { filesId } = JSON.parse(readFileSync(join(at, 'release.json'), 'utf8')) as { filesId: string }
  const { DB_HOST = '', DB_PORT, DB_USER = '', DB_PASSWORD = '', DB_NAME = '', CAIRN_URL = '' } = variables
  const login = { user: DB_USER, password: DB_PASSWORD, database: DB_NAME, charset: 'utf8mb4' }
  const database = guardCredentials({ host: DB_HOST, port: Number(DB_PORT), socket: null, ...login })
  return { number, code: join(at, 'code'), files: join(environment, 'files', filesId), filesId, database, url: CAIRN_URL }
}

/** Code: every file, its mode and content. Times are those of the export, links lead to this very release's files. */
export function photographCode(code: string): Photograph {
  return describeTree(code, true).map((line) => {
    const [path = '', kind = '', mode = '', , body = '', owner = ''] = line.split(' | ')
    return [
      path,
      kind,
      kind === 'link' ? '' : mode,
      path.endsWith('/uploads') ? body.replace(/files\/\w+/, 'files/ID') : body,
      owner,
    ].join(' | ')
  })
}

/** Files: with the time of each file; `owner` is the environment's, whatever its number. */
export function photographFiles(files: string, owner: { uid: number; gid: number }): Photograph {
  return describeTree(files, true)
    .map((line) => line.split(' | '))
    .filter(([path]) => path !== '')
    .map(([path = '', kind = '', mode = '', time = '', body = '', own = '']) =>
      [path, kind, mode, kind === 'file' ? time : '', body, own === `${owner.uid}:${owner.gid}` ? 'the site' : own].join(' | '),
    )
}

/** Tables: definitions, rows, triggers and views, without the address and the names of this very environment. */
export async function photographDatabase(credentials: DatabaseCredentials): Promise<Photograph> {
  const database = await connectDatabase(credentials)
  try {
    return (await linesOf(database, credentials.database)).map(withoutAddress)
  } finally {
    await database.close()
  }
}

async function linesOf(database: Database, schema: string): Promise<Photograph> {
  const tables = await database.query('SHOW FULL TABLES')
  const lines: string[] = []
  for (const row of tables) {
    const [name, type] = Object.values(row).map(String)
    const [definition = {}] = await database.query(`SHOW CREATE TABLE \`${name}\``)
    lines.push(String(Object.values(definition)[1]).replace(/ AUTO_INCREMENT=\d+/, ''))
    if (type !== 'BASE TABLE') continue
    for (const found of await database.query(`SELECT * FROM \`${name}\` ORDER BY 1`))
      lines.push(`${name} ${JSON.stringify(found)}`)
  }
  const triggers = await database.query(`SHOW TRIGGERS FROM \`${schema}\``)
  for (const { Trigger, Event, Table, Statement, Timing, Definer } of triggers)
    lines.push([Trigger, Timing, Event, Table, Statement, Definer].join(' '))
  return lines.map((line) => line.replaceAll(schema, 'SCHEMA').replaceAll(schema.slice(1), 'SCHEMA'))
}

const address = /http:\/\/(?:[a-z0-9]+-[a-z0-9-]+\.localhost(?::\d+)?|source\.example\.org)/g

function withoutAddress(line: string): string {
  return line.replace(address, 'http://HERE').replace(/s:\d+:(\\"http:\/\/HERE)/g, 's:N:$1')
}
