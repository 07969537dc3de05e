import { type Kysely, sql, type Transaction } from 'kysely'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { StateTables } from '../state/tables.ts'
import { backupsDirectory } from './backends/layout.ts'
import { writeBackupObject } from './backupObjects.ts'
import { unpackChunkRef } from './chunkRef.ts'
import { findUnpinned, inBatches } from './index/find.ts'
import { decodePage } from './page.ts'
import { commitLock, type StateSession } from './session.ts'
import type { BackupObject, ChunkRef, Repository } from './types.ts'

/** Runs in the transaction that ends the session: the place to record the backup's row. */
export type RecordBackup = (trx: Transaction<StateTables>) => Promise<void>

/**
 * Steps 4 and 5 of the writers' protocol: the session is alive, every pack that the backup refers to is live and pinned by
 * this very session; then the object; then one transaction that records it and ends the session.
 *
 * @throws {Failure} SESSION_LOST; nothing was committed
 */
export async function commit(
  repository: Repository,
  db: Kysely<StateTables>,
  session: StateSession,
  object: BackupObject,
  instance: string,
  record: RecordBackup,
): Promise<void> {
  await session.assertAlive()
  for (const element of Object.values(object.elements)) {
    await assertPinned(repository, db, session, unpackChunkRef(Buffer.from(element.manifest, 'hex')))
  }
  await assertPinsLive(db, session)
  writeBackupObject(repository.directory, repository.keys, object, instance)
  try {
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock_shared(${commitLock}::bigint)`.execute(trx)
      const { numDeletedRows } = await trx.deleteFrom('write_session').where('id', '=', session.id).executeTakeFirstOrThrow()
      if (numDeletedRows !== 1n) throw refused('its session was dropped meanwhile')
      await record(trx)
    })
  } catch (error) {
    // Not reported, so not there. But a connection that broke may have committed: then the object stays, whole as it is.
    if (await isStillOpen(db, session)) rmSync(join(backupsDirectory(repository.directory), `${object.id}.bk`), { force: true })
    throw error
  }
  session.ended()
}

/** Pages that the capture covered are known to be right; any other is read and each of its chunks looked up. */
async function assertPinned(
  repository: Repository,
  db: Kysely<StateTables>,
  session: StateSession,
  root: ChunkRef,
): Promise<void> {
  const check = async (refs: readonly ChunkRef[]): Promise<void> => {
    const unpinned = await inBatches(refs, (batch) => findUnpinned(db, session.id, batch))
    if (unpinned.length > 0) throw refused(`${unpinned.length} of its chunks are in packs that this session has not pinned`)
  }
  await check([root])
  const manifest = await repository.loadManifest(root)
  await check(manifest.pages.map((page) => page.ref))
  for (const page of manifest.pages) {
    if (session.isCovered(page.ref)) continue
    await check(decodePage(await repository.readChunk(page.ref)).flatMap((entry) => entry.chunks))
  }
}

async function assertPinsLive(db: Kysely<StateTables>, session: StateSession): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select p.name from pin join pack p on p.id = pin.pack_id
    where pin.session_id = ${session.id} and p.state <> 'live' limit 1`.execute(db)
  if (rows.length > 0) throw refused(`pack "${rows[0]?.name}" is no longer live`)
}

async function isStillOpen(db: Kysely<StateTables>, session: StateSession): Promise<boolean> {
  try {
    await session.assertAlive()
    return true
  } catch {
    return false // gone, or the database is: in doubt the object is kept, and the next start lists it
  }
}

function refused(found: string): Failure {
  return new Failure('SESSION_LOST', `Cannot commit the backup: ${found}`, {
    hint: 'Take the backup again; chunks already stored are found again',
    retry: 'later',
  })
}
