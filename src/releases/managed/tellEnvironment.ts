import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { writeFileDurably } from '../../base/files.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { environmentFile } from '../../runtime/environmentFile.ts'
import type { EnvironmentFile, MysqlHome } from '../../runtime/types.ts'
import type { DatabaseCredentials } from '../../sites/credentials.ts'
import { releaseCredentials } from './content.ts'
import { readReleaseFile } from './describeRelease.ts'
import { giveTo, type ManagedPlace, releasePaths } from './layout.ts'
import type { Release } from './records.ts'

export interface TellOptions {
  place: ManagedPlace
  mysql: Pick<MysqlHome, 'host' | 'port'>
  /** The environment's address, without a slash at the end */
  url: string
  siteUuid: string
  /** Says again what was told when the release was prepared: the account of a release that is not current is locked */
  isAgain?: boolean
}

/**
 * Writes what the running site of a release is told: `environment.json`, readable for its PHP alone. Again when the address of
 * the environment changes; the next request counts.
 */
export async function tellEnvironment(
  { place, mysql, url, siteUuid, isAgain = false }: TellOptions,
  release: Release,
): Promise<void> {
  const paths = releasePaths(place, release.number)
  const { code } = readReleaseFile(paths.release)
  const { secrets } = release
  const file = environmentFile({
    release: release.number,
    site: { uuid: siteUuid, name: place.site },
    environment: place.name,
    framework: code?.framework ?? release.framework,
    docroot: code?.docroot ?? release.docroot,
    coreFolder: code === null ? '' : relative(code.docroot, code.coreDirectory),
    filesPath: code?.filesPath ?? 'files',
    privateFiles: null,
    temporaryDirectory: makeTemporary(place, release.number),
    url,
    database: {
      host: mysql.host,
      port: mysql.port,
      name: release.schema,
      user: release.account,
      password: secrets.password,
      prefix: code?.tablePrefix ?? code?.ownTablePrefix ?? '',
      isEmpty: isAgain ? wasEmpty(paths.environmentFile) : await isEmpty(releaseCredentials(mysql, release)),
    },
    salts: secrets.salts,
    hashSalt: secrets.hashSalt,
    checkSecret: secrets.checkSecret,
  })
  writeFileDurably(paths.environmentFile, JSON.stringify(file, null, 2), 0o640)
  giveTo(paths.environmentFile, { uid: process.geteuid?.() ?? 0, gid: place.gid })
}

/** Of one release: what it compiles is of no use to another. */
export function temporaryPath({ directory }: Pick<ManagedPlace, 'directory'>, number: number): string {
  return join(directory, 'tmp', `release-${number}`)
}

function makeTemporary(place: ManagedPlace, number: number): string {
  const path = temporaryPath(place, number)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  giveTo(path, place)
  return path
}

function wasEmpty(environmentFile: string): boolean {
  const { variables } = JSON.parse(readFileSync(environmentFile, 'utf8')) as EnvironmentFile
  return variables['PANTHEON_DATABASE_STATE'] === 'empty'
}

/** A Drupal without tables shows its installer then. */
async function isEmpty(credentials: DatabaseCredentials): Promise<boolean> {
  const database = await connectDatabase(credentials)
  try {
    return (await database.query('SHOW TABLES')).length === 0
  } finally {
    await database.close()
  }
}
