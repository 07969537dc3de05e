import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { Failure, isErrno } from '../base/failure.ts'
import { writeFileDurably } from '../base/files.ts'
import type { RepositoryKey } from './keys.ts'

const prefix = 'cairn-key-1'

/** One line of text that holds everything: the repository's id, the key and a checksum against typing errors. */
export function exportKey(key: RepositoryKey): string {
  const body = `${prefix}.${key.repositoryId}.${Buffer.from(key.master).toString('base64url')}`
  return `${body}.${checksum(body)}`
}

/** @throws {Failure} REPOSITORY_KEY when the text is no exported key, or was mistyped */
export function importKey(text: string): RepositoryKey {
  const parts = text.trim().split('.')
  const [kind, repositoryId = '', encoded = '', sum] = parts
  const master = Buffer.from(encoded, 'base64url')
  if (parts.length !== 4 || kind !== prefix || master.length !== 32 || repositoryId === '') {
    throw new Failure('REPOSITORY_KEY', `Cannot read the repository key: it is not a line that begins with "${prefix}."`)
  }
  if (checksum(`${kind}.${repositoryId}.${encoded}`) !== sum) {
    throw new Failure('REPOSITORY_KEY', 'Cannot read the repository key: its checksum does not match', {
      hint: 'A character was lost or mistyped: copy the whole line again',
    })
  }
  return { repositoryId, master }
}

/** Writes the key file, mode 0600, durably. */
export function writeKeyFile(path: string, key: RepositoryKey): void {
  writeFileDurably(path, `${exportKey(key)}\n`, 0o600)
}

/** @throws {Failure} REPOSITORY_KEY when the file is missing, open to others, or no key */
export function readKeyFile(path: string): RepositoryKey {
  try {
    const mode = statSync(path).mode & 0o077
    if (mode !== 0) {
      throw new Failure('REPOSITORY_KEY', `Cannot use the key file "${path}": others may read it`, {
        hint: `Run: chmod 600 "${path}"`,
        retry: 'after-repair',
      })
    }
    return importKey(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES')) throw error
    throw new Failure(
      'REPOSITORY_KEY',
      `Cannot read the key file "${path}": ${error.code === 'ENOENT' ? 'it is missing' : 'permission was denied'}`,
      {
        hint: 'Put back the key that "cairn repository:key export" printed; without it nothing in the repository can be read',
        retry: 'after-repair',
        cause: error,
      },
    )
  }
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 8)
}
