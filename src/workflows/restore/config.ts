import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import type { Run } from '../../base/run.ts'
import { connectDatabase } from '../../elements/database/connect.ts'
import { putSingleFile } from '../../hosts/local/singleFile.ts'
import { entriesOf, readEntryBody } from '../../repository/archiveOut.ts'
import type { Manifest, StoredEntry } from '../../repository/types.ts'
import { detectSite } from '../../sites/detect/detectSite.ts'
import { signFiles } from '../../sites/detect/signs.ts'
import type { Environment } from '../../sites/environment.ts'
import { readSmallFile } from '../../sites/php/readPhp.ts'
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
    const current = readSmallFile(join(environment.codeRoot, path))
    if (current !== null && !isText(content, current)) {
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
      const text = readSmallFile(join(environment.coreDirectory, name))
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

/**
 * Files that stood above the code root, and so in no archive, are put back where they are missing. The restore has happened:
 * one that cannot be put back is a warning.
 */
export async function restoreConfigOutside(house: House, backupId: string, run: Run): Promise<void> {
  const { sealedConfig } = await house.repository.readBackupObject(backupId)
  for (const file of openConfigOutside(house.repository.keys, sealedConfig)) {
    try {
      if (putSingleFile(file.path, file)) run.log('info', `"${file.path}" was missing and is restored`)
    } catch (error) {
      if (!(error instanceof Failure) && !isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
      const message = `"${file.path}" is missing and was not restored: ${error.message}`
      run.warn({ code: 'CONFIG_NOT_RESTORED', element: 'code', message, path: file.path })
    }
  }
}

async function whole(house: House, entry: StoredEntry): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of readEntryBody(house.repository, entry)) parts.push(part)
  return Buffer.concat(parts)
}

/** `readSmallFile` tells bytes that are no UTF-8 as latin1. */
function isText(content: Buffer, text: string): boolean {
  return content.equals(Buffer.from(text)) || content.equals(Buffer.from(text, 'latin1'))
}

function put(path: string, content: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, content, { mode: 0o600 })
}
