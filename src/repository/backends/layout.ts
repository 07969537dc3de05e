import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { newUlid } from '../../base/ids.ts'

/** Where things stand below the repository's directory. No name says anything about a site. */
export const folders = ['packs', 'backups', 'owner', 'tombs'] as const

export const shardNames: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** A name that was never used before and never will be: a collector could not tell a reused one from what it deletes. */
export function newPackName(): string {
  return `${newUlid().toLowerCase()}-${randomBytes(8).toString('hex')}`
}

export const packNamePattern = /^[0-9a-z]{26}-[0-9a-f]{16}$/

export function packDirectory(directory: string, pack: string): string {
  return join(directory, 'packs', pack.slice(-2))
}

export function packPath(directory: string, pack: string): string {
  return join(packDirectory(directory, pack), `${pack}.pk`)
}

/** The instance in it lets a start tell its own leftovers from the work of others. */
export function temporaryName(instance: string, name: string): string {
  return `.tmp.${instance}.${name}`
}

export function temporaryInstance(fileName: string): string | null {
  return /^\.tmp\.([^.]+)\./.exec(fileName)?.[1] ?? null
}

export function backupsDirectory(directory: string): string {
  return join(directory, 'backups')
}
