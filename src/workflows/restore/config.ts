import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chownSync, existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'
import type { Run } from '../../base/run.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { entriesOf, readEntryBody } from '../../repository/archiveOut.ts'
import type { Manifest, StoredEntry } from '../../repository/types.ts'
import { detectSite } from '../../sites/detect/detectSite.ts'
import { signFiles } from '../../sites/detect/signs.ts'
import type { Environment } from '../../sites/environment.ts'
import { openConfigOutside } from '../backup/configOutside.ts'
import type { House } from '../house.ts'

/**
 * Configuration belongs to the environment, not to the backup's content: says which files differ and are left alone. With
 * `withConfig` they are applied, so what they say is tried first.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when the configuration of the backup names a database that does not answer
 */
export async function reportConfig(
  house: House,
  environment: Environment,
  code: Manifest | null,
  withConfig: boolean,
  run: Run,
): Promise<void> {
  if (code === null) return
  const secrets: { entry: StoredEntry; content: Buffer }[] = []
  for await (const entry of entriesOf(house.repository, code)) {
    if (entry.secret && entry.sizeBytes <= configBytesMax) secrets.push({ entry, content: await whole(house, entry) })
  }
  if (withConfig) return tryConfig(house.scratchDirectory, environment, secrets)
  for (const { entry, content } of secrets) {
    const path = entry.path.toString()
    const current = readOrNull(join(environment.codeRoot, path))
    if (current !== null && !current.equals(content)) {
      run.warn({
        code: 'CONFIG_DIFFERS',
        element: 'code',
        message: `"${path}" differs from the backup and is left as it is; --with-config restores it`,
        path,
      })
    }
  }
}

const configBytesMax = 1 << 20

/** Lays the configuration beside copies of nothing else, reads it as an attach would, and connects. */
async function tryConfig(
  scratchDirectory: string,
  environment: Environment,
  secrets: readonly { entry: StoredEntry; content: Buffer }[],
): Promise<void> {
  const scratch = mkdtempSync(join(scratchDirectory, 'config-'))
  try {
    for (const { entry, content } of secrets) put(join(scratch, entry.path.toString()), content)
    // what tells the framework: the detection wants to see it
    const core = relative(environment.codeRoot, environment.coreDirectory)
    for (const name of signFiles(environment.framework)) {
      const text = readOrNull(join(environment.coreDirectory, name))
      if (text !== null) put(join(scratch, core, name), text)
    }
    const { framework, docroot, contentDirectory } = environment
    const { database, notes } = await detectSite(scratch, {
      framework,
      siteDirectory: relative(docroot, contentDirectory) || '.',
    })
    if (database === null) throw new Error(notes.join('; ') || 'it sets no credentials')
    await (await connectDatabase(database)).close()
  } catch (cause) {
    throw new Failure(
      'PREFLIGHT_REFUSED',
      `Cannot restore the configuration: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'Restore without --with-config: the configuration in place is left alone',
        cause,
      },
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Files that stood above the code root, and so in no archive, are put back where they are missing. */
export async function restoreConfigOutside(house: House, backupId: string, run: Run): Promise<void> {
  const { sealedConfig } = await house.repository.readBackupObject(backupId)
  for (const file of openConfigOutside(house.repository.keys, sealedConfig)) {
    if (existsSync(file.path) || !existsSync(dirname(file.path))) continue
    writeFileDurably(file.path, file.content, file.mode)
    if (process.getuid?.() === 0) chownSync(file.path, file.uid, file.gid)
    run.log('info', `"${file.path}" was missing and is restored`)
  }
}

async function whole(house: House, entry: StoredEntry): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of readEntryBody(house.repository, entry)) parts.push(part)
  return Buffer.concat(parts)
}

function put(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, content, { mode: 0o600 })
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null
    throw error
  }
}
