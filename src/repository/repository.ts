import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { Failure, isErrno } from '../base/failure.ts'
import { writeFileDurably } from '../base/files.ts'
import type { StateTables } from '../state/tables.ts'
import { makeLayout, readHead } from './backends/disk.ts'
import { packPath } from './backends/layout.ts'
import { fillReserve } from './backends/reserve.ts'
import { listBackups, readAllSiblings, readBackup, writeSibling } from './backupObjects.ts'
import { blobHeaderBytes, inflateBlob, openBlob, type OpenBlob } from './blob.ts'
import { check } from './check.ts'
import { chunkClasses, chunkerName } from './chunker.ts'
import { commit, type RecordBackup } from './commit.ts'
import { batchMax, findLocations } from './index/find.ts'
import { blobTypes, type RepositoryKey, RepositoryKeys } from './keys.ts'
import { decodeManifest } from './manifest.ts'
import { readAt } from './packs/readPack.ts'
import { reconcile } from './reconcile.ts'
import { StateSession } from './session.ts'
import { stats } from './stats.ts'
import { unlike } from './threads/fragmentReader.ts'
import type {
  BackupObject,
  CheckReport,
  ChunkLocation,
  ChunkRef,
  Manifest,
  ManifestRef,
  Repository,
  SiblingKind,
  WriteSession,
} from './types.ts'

export interface RepositoryOptions {
  /** Absolute */
  directory: string
  db: Kysely<StateTables>
  key: RepositoryKey
  /** Names this process among all that use the repository: letters, digits and dashes, the same after a restart */
  instance: string
}

/**
 * Makes a new repository and opens it.
 *
 * @throws {Failure} REPOSITORY_MISSING when one is there already, or packs are there without their repo.json
 */
export async function createRepository(options: RepositoryOptions): Promise<DiskRepository> {
  makeLayout(options.directory)
  const keys = new RepositoryKeys(options.key)
  const head = {
    version: 1,
    id: options.key.repositoryId,
    chunker: chunkerName,
    chunkClasses,
    keyProof: keys.proofOfKey(),
    createdAt: new Date().toISOString(),
  }
  writeFileDurably(join(options.directory, 'repo.json'), `${JSON.stringify(head, null, 2)}\n`, 0o400)
  return new DiskRepository(options, keys)
}

/**
 * Opens a repository. After an unclean start call `reconcile` before writing.
 *
 * @throws {Failure} REPOSITORY_MISSING, REPOSITORY_KEY
 */
export async function openRepository(options: RepositoryOptions): Promise<DiskRepository> {
  const head = readHead(options.directory)
  if (head['version'] !== 1 || head['chunker'] !== chunkerName) {
    throw new Failure(
      'REPOSITORY_MISSING',
      `Cannot open the repository in "${options.directory}": it has a format of another version`,
    )
  }
  const keys = new RepositoryKeys(options.key)
  if (head['id'] !== options.key.repositoryId || head['keyProof'] !== keys.proofOfKey()) {
    throw new Failure(
      'REPOSITORY_KEY',
      `Cannot open the repository in "${options.directory}": the key is that of another repository`,
      {
        hint: `Import the key of repository "${String(head['id'])}"`,
        retry: 'after-repair',
      },
    )
  }
  fillReserve(options.directory)
  return new DiskRepository(options, keys)
}

export class DiskRepository implements Repository {
  readonly id: string
  readonly keys: RepositoryKeys
  readonly directory: string
  readonly instance: string
  readonly #db: Kysely<StateTables>
  readonly #sessions = new Set<StateSession>()

  constructor(options: RepositoryOptions, keys: RepositoryKeys) {
    this.id = options.key.repositoryId
    this.keys = keys
    this.directory = options.directory
    this.instance = options.instance
    this.#db = options.db
  }

  async locate(refs: readonly ChunkRef[]): Promise<ChunkLocation[]> {
    const result: ChunkLocation[] = []
    for (let from = 0; from < refs.length; from += batchMax) {
      const batch = refs.slice(from, from + batchMax)
      for (const [index, place] of (await findLocations(this.#db, batch)).entries()) {
        if (place === null) {
          const name = batch[index]?.id.toString('hex', 0, 6)
          throw new Failure('CHUNK_MISSING', `Cannot find chunk ${name}: no pack holds it`, {
            hint: 'Run "cairn repository:check" to list the backups that use it',
          })
        }
        result.push(place)
      }
    }
    return result
  }

  async readChunk(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer> {
    const blob = await this.#read(ref, location)
    if (blob.rawLen !== ref.rawLen || blob.crc !== ref.crc) throw unlike(ref)
    return inflateBlob(blob)
  }

  async readFragment(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer> {
    const { fragment, rawLen, crc } = await this.#read(ref, location)
    if (fragment.length !== ref.encLen || rawLen !== ref.rawLen || crc !== ref.crc) throw unlike(ref)
    return fragment
  }

  async loadManifest(ref: ManifestRef): Promise<Manifest> {
    const blob = await this.#read(ref, undefined, blobTypes.root)
    if (blob.rawLen !== ref.rawLen || blob.crc !== ref.crc) throw unlike(ref)
    return decodeManifest(inflateBlob(blob))
  }

  async openSession(): Promise<WriteSession> {
    const session = await StateSession.open(this.#db, this.instance)
    this.#sessions.add(session)
    return session
  }

  async commitBackup(session: WriteSession, object: BackupObject, record: RecordBackup = async () => {}): Promise<void> {
    if (!(session instanceof StateSession)) throw new Error('the session is not one of this repository')
    await commit(this, this.#db, session, object, this.instance, record)
    this.#sessions.delete(session)
  }

  readBackupObject(id: string): Promise<BackupObject> {
    return readBackup(this.directory, this.keys, id)
  }

  listBackupObjects(): Promise<string[]> {
    return listBackups(this.directory)
  }

  async putSibling(id: string, kind: SiblingKind, body: object): Promise<void> {
    writeSibling(this.directory, this.keys, id, kind, body, this.instance)
  }

  readSiblings(id: string): Promise<Partial<Record<SiblingKind, Record<string, unknown>>>> {
    return readAllSiblings(this.directory, this.keys, id)
  }

  check(options: Parameters<Repository['check']>[0]): Promise<CheckReport> {
    return check(this, this.#db, options)
  }

  stats(): ReturnType<Repository['stats']> {
    return stats(this, this.#db)
  }

  reconcile(): ReturnType<Repository['reconcile']> {
    return reconcile(this, this.#db, this.instance)
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.ended()
    this.#sessions.clear()
  }

  /** A pack that vanished after the look-up was repacked: looked up once more. */
  async #read(ref: ChunkRef, location: ChunkLocation | undefined, type?: number): Promise<OpenBlob> {
    const [place] = location === undefined ? await this.locate([ref]) : [location]
    if (place === undefined) throw new Error('locate gave nothing')
    try {
      const file = await open(packPath(this.directory, place.pack), 'r')
      try {
        const bytes = await readAt(file, place.offset, blobHeaderBytes + place.storedLen)
        return openBlob(this.keys, bytes, { id: ref.id, ...(type === undefined ? {} : { type }) })
      } finally {
        await file.close()
      }
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
      const [again] = await this.locate([ref])
      if (again !== undefined && again.pack !== place.pack) return this.#read(ref, again, type)
      readHead(this.directory) // an unmounted volume says nothing about one pack
      await sql`update pack set state = 'missing' where name = ${place.pack} and state in ('live', 'condemned')`.execute(this.#db)
      throw new Failure('CHUNK_MISSING', `Cannot read pack "${place.pack}": the file is gone`, {
        hint: 'Run "cairn repository:check" to list the backups that use it',
        cause: error,
      })
    }
  }
}
