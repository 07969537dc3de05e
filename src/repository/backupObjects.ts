import { readdirSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { parseUlid } from '../base/ids.ts'
import { backupsDirectory } from './backends/layout.ts'
import { writeObject } from './backends/disk.ts'
import { openPlain, sealPlain } from './blob.ts'
import { blobTypes, type RepositoryKeys } from './keys.ts'
import { canonicalJson } from './manifest.ts'
import { type BackupObject, type SiblingKind, siblingKinds } from './types.ts'

/*
 * backups/<ulid>.bk is a backup, backups/<ulid>.<kind>.<n> stands beside it. Each is one sealed blob of canonical JSON,
 * bound to its file name: an object moved to another name does not open. Written once, never rewritten.
 */

/** @throws {Failure} BACKUP_UNUSABLE when the id is taken */
export function writeBackupObject(directory: string, keys: RepositoryKeys, object: BackupObject, instance: string): void {
  const name = `${parseUlid(object.id)}.bk`
  try {
    writeObject(directory, 'backups', name, seal(keys, name, object), instance)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    throw new Failure('BACKUP_UNUSABLE', `Cannot commit backup "${object.id}": an object of this name exists`, { cause: error })
  }
}

/** @throws {Failure} BACKUP_NOT_FOUND, MANIFEST_DAMAGED */
export async function readBackup(directory: string, keys: RepositoryKeys, id: string): Promise<BackupObject> {
  const body = await readSealed(directory, keys, `${parseUlid(id)}.bk`)
  if (body['version'] !== 1 || body['id'] !== id || typeof body['elements'] !== 'object') {
    throw new Failure('MANIFEST_DAMAGED', `Cannot read backup "${id}": it was written by another version of Cairn`)
  }
  return body as unknown as BackupObject
}

export async function listBackups(directory: string): Promise<string[]> {
  const names = await readdir(backupsDirectory(directory))
  return names.flatMap((name) => /^([0-9A-Z]{26})\.bk$/.exec(name)?.[1] ?? []).sort()
}

/** Two writers at once get two numbers. */
export function writeSibling(
  directory: string,
  keys: RepositoryKeys,
  id: string,
  kind: SiblingKind,
  body: object,
  instance: string,
): void {
  const names = readdirSync(backupsDirectory(directory))
  if (!names.includes(`${parseUlid(id)}.bk`)) throw notFound(id)
  let number = Math.max(0, ...names.map((name) => siblingNumber(name, id, kind))) + 1
  for (; ; number++) {
    const name = `${id}.${kind}.${number}`
    try {
      return writeObject(directory, 'backups', name, seal(keys, name, body), instance)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
  }
}

export async function readAllSiblings(
  directory: string,
  keys: RepositoryKeys,
  id: string,
): Promise<Partial<Record<SiblingKind, Record<string, unknown>>>> {
  const names = await readdir(backupsDirectory(directory))
  const result: Partial<Record<SiblingKind, Record<string, unknown>>> = {}
  for (const kind of siblingKinds) {
    const highest = Math.max(0, ...names.map((name) => siblingNumber(name, id, kind)))
    if (highest > 0) result[kind] = await readSealed(directory, keys, `${parseUlid(id)}.${kind}.${highest}`)
  }
  return result
}

function siblingNumber(name: string, id: string, kind: SiblingKind): number {
  const prefix = `${id}.${kind}.`
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : 0
}

function seal(keys: RepositoryKeys, name: string, body: object): Buffer {
  return sealPlain(keys, blobTypes.object, keys.metaId(blobTypes.object, name), Buffer.from(canonicalJson(body)))
}

async function readSealed(directory: string, keys: RepositoryKeys, name: string): Promise<Record<string, unknown>> {
  let bytes: Buffer
  try {
    bytes = await readFile(join(backupsDirectory(directory), name))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw notFound(name.slice(0, 26))
    throw error
  }
  try {
    const plain = openPlain(keys, bytes, blobTypes.object, keys.metaId(blobTypes.object, name))
    return JSON.parse(plain.toString()) as Record<string, unknown>
  } catch (cause) {
    throw new Failure('MANIFEST_DAMAGED', `Cannot read "${name}" in the repository: it was altered, or the key is another one`, {
      cause,
    })
  }
}

function notFound(id: string): Failure {
  return new Failure('BACKUP_NOT_FOUND', `Cannot read backup "${id}": the repository has no such object`)
}
