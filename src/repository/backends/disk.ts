import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { spaceFailure, syncDirectorySync } from '../../base/files.ts'
import { folders, shardNames, temporaryInstance, temporaryName } from './layout.ts'
import { fillReserve, releaseReserve } from './reserve.ts'

/**
 * Makes the directories of a repository, all 256 shards included, so that no later write depends on making one.
 *
 * @throws {Failure} REPOSITORY_MISSING when packs without a repo.json are there: another repository lost its head
 */
export function makeLayout(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (existsSync(join(directory, 'repo.json'))) {
    throw new Failure('REPOSITORY_MISSING', `Cannot make a repository in "${directory}": there is one already`)
  }
  if (holdsPacks(directory)) throw headless(directory)
  for (const folder of folders) mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 })
  for (const shard of shardNames) mkdirSync(join(directory, 'packs', shard), { recursive: true, mode: 0o700 })
  syncDirectorySync(join(directory, 'packs'))
  fillReserve(directory)
  syncDirectorySync(directory)
}

/** @throws {Failure} REPOSITORY_MISSING when the directory is not a repository, as an unmounted volume is not */
export function readHead(directory: string): Record<string, unknown> {
  try {
    const head: unknown = JSON.parse(readFileSync(join(directory, 'repo.json'), 'utf8'))
    if (typeof head === 'object' && head !== null) return head as Record<string, unknown>
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw holdsPacks(directory) ? headless(directory) : missing(directory)
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Failure('REPOSITORY_MISSING', `Cannot open the repository in "${directory}": its repo.json cannot be read`)
}

/**
 * Writes an object once: a temporary file in the final directory, synced, linked to its name, the directory synced,
 * read-only. On a full disk the reserve is given up, so that small objects can still be written.
 *
 * @throws {Failure} SPACE_LACKING; an errno EEXIST when the name is taken
 */
export function writeObject(directory: string, folder: string, name: string, bytes: Uint8Array, instance: string): void {
  try {
    writeOnce(join(directory, folder), name, bytes, instance)
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT') || !releaseReserve(directory)) throw spaceFailure(error, join(directory, folder))
    writeOnce(join(directory, folder), name, bytes, instance)
  }
}

/** Deletes the temporaries of `instance`, and those of others that are older than a day; gives how many. */
export function removeTemporaries(directory: string, instance: string): number {
  let removed = 0
  for (const folder of ['', 'backups', ...shardNames.map((shard) => join('packs', shard))]) {
    for (const name of readdirSync(join(directory, folder))) {
      const owner = temporaryInstance(name)
      if (owner === null) continue
      const path = join(directory, folder, name)
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat === undefined || (owner !== instance && Date.now() - stat.mtimeMs < dayMs)) continue
      rmSync(path, { force: true })
      removed += 1
    }
  }
  return removed
}

const dayMs = 86_400_000

function writeOnce(directory: string, name: string, bytes: Uint8Array, instance: string): void {
  const aside = join(directory, temporaryName(instance, name))
  const fd = openSync(aside, 'wx', 0o400)
  try {
    let done = 0
    while (done < bytes.length) done += writeSync(fd, bytes, done)
    fsyncSync(fd)
    linkSync(aside, join(directory, name))
  } finally {
    closeSync(fd)
    rmSync(aside, { force: true })
  }
  syncDirectorySync(directory)
}

function holdsPacks(directory: string): boolean {
  return shardNames.some((shard) => {
    const path = join(directory, 'packs', shard)
    return existsSync(path) && readdirSync(path).some((name) => name.endsWith('.pk'))
  })
}

function headless(directory: string): Failure {
  return new Failure(
    'REPOSITORY_MISSING',
    `Cannot use "${directory}" as a repository: it holds packs, but its repo.json is missing`,
    {
      hint: 'Put repo.json back from a copy of the disk; nothing was changed',
      retry: 'after-repair',
    },
  )
}

function missing(directory: string): Failure {
  return new Failure('REPOSITORY_MISSING', `Cannot open the repository in "${directory}": there is no repo.json`, {
    hint: 'Is the volume mounted?',
    retry: 'after-repair',
  })
}
