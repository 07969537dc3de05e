import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { Failure } from '../base/failure.ts'
import type { StateTables } from '../state/tables.ts'
import { removeTemporaries } from './backends/disk.ts'
import { packNamePattern, shardNames } from './backends/layout.ts'
import { listBackups } from './backupObjects.ts'
import { insertPack } from './index/insertPack.ts'
import { blobTypes } from './keys.ts'
import type { FooterRecord } from './packs/footer.ts'
import { hashPack, readFooter, scanPack } from './packs/readPack.ts'
import type { FinishedPack, PackedBlob, ReconcileReport, Repository } from './types.ts'

/**
 * Makes the index say what the disk holds, after a start that was not clean: drops this instance's sessions, removes its
 * temporaries, marks packs that are gone, adopts packs that the index does not know (with their chunks, so an interrupted
 * backup goes on from there). Deletes no pack. Safe to run again, and cheap when there is nothing to do.
 */
export async function reconcile(repository: Repository, db: Kysely<StateTables>, instance: string): Promise<ReconcileReport> {
  const dropped = await db.deleteFrom('write_session').where('instance', '=', instance).executeTakeFirst()
  const removedTemporaries = removeTemporaries(repository.directory, instance)
  const onDisk = new Set(listPacks(repository.directory))
  const rows = await db.selectFrom('pack').select(['id', 'name', 'state']).where('state', '!=', 'deleted').execute()
  const missing = rows.filter((row) => row.state !== 'missing' && !onDisk.has(row.name))
  if (missing.length > 0) {
    await sql`update pack set state = 'missing' where id = any(${missing.map((row) => row.id)}::bigint[])`.execute(db)
  }
  const back = rows.filter((row) => row.state === 'missing' && onDisk.has(row.name))
  if (back.length > 0) {
    await sql`update pack set state = 'live' where id = any(${back.map((row) => row.id)}::bigint[])`.execute(db)
  }
  for (const row of rows) onDisk.delete(row.name)
  const known = await db.selectFrom('pack').select('name').where('state', '=', 'deleted').execute()
  for (const row of known) onDisk.delete(row.name) // the collector's: its file is about to go
  const adopted: string[] = []
  const unreadable: string[] = []
  for (const name of [...onDisk].sort()) {
    const pack = await describePack(repository, name)
    if (pack === null) {
      unreadable.push(name)
      continue
    }
    await db.transaction().execute((trx) => insertPack(trx, pack))
    adopted.push(name)
  }
  return {
    removedTemporaries,
    droppedSessions: Number(dropped.numDeletedRows),
    missingPacks: missing.map((row) => row.name),
    adoptedPacks: adopted,
    unreadablePacks: unreadable,
    backups: await listBackups(repository.directory),
  }
}

/** Names of all packs on disk. */
export function listPacks(directory: string): string[] {
  return shardNames.flatMap((shard) =>
    readdirSync(join(directory, 'packs', shard)).flatMap((file) => {
      const name = file.endsWith('.pk') ? file.slice(0, -3) : ''
      return packNamePattern.test(name) && name.endsWith(shard) ? [name] : []
    }),
  )
}

/** Null when nothing in the pack opens: then it is left where it is. */
async function describePack(repository: Repository, name: string): Promise<FinishedPack | null> {
  const { directory, keys } = repository
  const { lengthBytes, sha256 } = await hashPack(directory, name)
  let records: FooterRecord[]
  try {
    records = await readFooter(directory, keys, name)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    try {
      records = await scanPack(directory, keys, name)
    } catch (scanError) {
      if (!(scanError instanceof Failure)) throw scanError
      return null
    }
  }
  return { name, lengthBytes, sha256, blobs: blobsOf(records) }
}

export function blobsOf(records: readonly FooterRecord[]): PackedBlob[] {
  return records
    .filter((record) => record.type !== blobTypes.footer)
    .map(({ id, encMac, offset, storedLen }) => ({ id, encMac, offset, storedLen }))
}
