import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileDurably } from '../../base/files.ts'
import type { MysqlHome } from '../../runtime/types.ts'
import type { ReleaseFacts } from '../../sites/environment.ts'
import { releaseCredentials } from './content.ts'
import { filesPath, type ManagedPlace, releasePaths } from './layout.ts'
import type { ReadCode } from './readCode.ts'
import type { Release } from './records.ts'

/** What was found out about a release when it was prepared: `releases/000042/release.json`, for Cairn alone. */
export interface ReleaseFile {
  filesId: string
  /** Null where the code holds no site */
  code: ReadCode | null
  /** What Cairn wrote into the code, relative to it */
  derived: string[]
  /** All of the code that is not as its commit has it, relative to it; null for a release that was prepared before this was kept */
  touched: string[] | null
}

export function writeReleaseFile(directory: string, file: ReleaseFile): void {
  writeFileDurably(join(directory, 'release.json'), JSON.stringify(file, null, 2))
}

export function readReleaseFile(directory: string): ReleaseFile {
  const file = JSON.parse(readFileSync(join(directory, 'release.json'), 'utf8')) as ReleaseFile
  return { ...file, touched: file.touched ?? null }
}

/** The environment as it is with this release, for the catalogue: real paths, the release's own account. */
export function describeRelease(
  { place, mysql }: { place: ManagedPlace; mysql: Pick<MysqlHome, 'host' | 'port'> },
  release: Release,
): ReleaseFacts {
  const { release: directory, code: root } = releasePaths(place, release.number)
  const { code, derived } = readReleaseFile(directory)
  const at = (path: string | undefined): string => (path === undefined || path === '' ? root : join(root, path))
  return {
    framework: code?.framework ?? release.framework,
    version: code?.version ?? null,
    codeRoot: root,
    docroot: at(code?.docroot ?? release.docroot),
    coreDirectory: at(code?.coreDirectory ?? release.docroot),
    contentDirectory: at(code?.contentDirectory ?? release.docroot),
    filesDirectory: filesPath(place, release.filesId),
    furtherFiles: [],
    database: releaseCredentials(mysql, release),
    tablePrefix: code?.tablePrefix ?? code?.ownTablePrefix ?? '',
    configFiles: code?.configFiles ?? [],
    release: release.number,
    schema: release.schema,
    commit: release.commit,
    derived,
  }
}
