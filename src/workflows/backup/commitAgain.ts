import { Failure } from '../../base/failure.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import { decodePage } from '../../repository/page.ts'
import type { RecordBackup } from '../../repository/commit.ts'
import type { DiskRepository } from '../../repository/repository.ts'
import type { BackupObject, ChunkRef, WriteSession } from '../../repository/types.ts'

/**
 * Commits what a capture made, perhaps in a former process and days ago: its chunk lists are a hint and never a proof, so
 * every chunk is looked up and its pack pinned in a session of this commit. `record` runs in the transaction that ends the session.
 *
 * @throws {Failure} SESSION_LOST when a chunk is no longer there: take the backup again
 */
export async function commitAgain(repository: DiskRepository, object: BackupObject, record: RecordBackup): Promise<void> {
  const session = await repository.openSession()
  try {
    for (const element of Object.values(object.elements)) {
      await pinManifest(repository, session, unpackChunkRef(Buffer.from(element.manifest, 'hex')))
    }
    await repository.commitBackup(session, object, record)
  } catch (error) {
    await session.close()
    throw error
  }
}

async function pinManifest(repository: DiskRepository, session: WriteSession, root: ChunkRef): Promise<void> {
  await pin(session, [root])
  const manifest = await repository.loadManifest(root)
  await pin(
    session,
    manifest.pages.map((page) => page.ref),
  )
  for (const { ref } of manifest.pages) {
    await pin(
      session,
      decodePage(await repository.readChunk(ref)).flatMap((entry) => entry.chunks),
    )
    session.coverPage(ref)
  }
}

async function pin(session: WriteSession, refs: readonly ChunkRef[]): Promise<void> {
  const missing = await session.pin(refs)
  if (missing.length === 0) return
  throw new Failure('SESSION_LOST', `Cannot commit the backup: ${missing.length} of its chunks are no longer stored`, {
    hint: 'Take the backup again',
    retry: 'later',
  })
}
