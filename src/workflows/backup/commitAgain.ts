import { Failure } from '../../base/failure.ts'
import { unpackChunkRef } from '../../repository/chunkRef.ts'
import { inOrder } from '../../repository/inOrder.ts'
import { batchMax } from '../../repository/index/find.ts'
import { decodePage } from '../../repository/page.ts'
import type { RecordBackup } from '../../repository/commit.ts'
import type { DiskRepository } from '../../repository/repository.ts'
import type { BackupObject, ChunkLocation, ChunkRef, WriteSession } from '../../repository/types.ts'

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

/** Pages are read a few ahead, and their chunks looked up some thousand at a time: a page by itself would cost three round trips. */
async function pinManifest(repository: DiskRepository, session: WriteSession, root: ChunkRef): Promise<void> {
  await pin(session, [root])
  const manifest = await repository.loadManifest(root)
  const pages = manifest.pages.map((page) => page.ref)
  await pin(session, pages)
  const read = async ([page, location]: readonly [ChunkRef, ChunkLocation]): Promise<ChunkRef[]> =>
    decodePage(await repository.readChunk(page, location)).flatMap((entry) => entry.chunks)
  for (let from = 0; from < pages.length; from += pagesAtOnce) {
    const some = pages.slice(from, from + pagesAtOnce)
    const locations = await repository.locate(some)
    const placed = some.map((page, index) => [page, locations[index] as ChunkLocation] as const)
    let chunks: ChunkRef[] = []
    for await (const more of inOrder(placed, read, pagesAhead)) {
      chunks = chunks.concat(more)
      if (chunks.length < batchMax) continue
      await pin(session, chunks)
      chunks = []
    }
    await pin(session, chunks)
    for (const page of some) session.coverPage(page)
  }
}

const pagesAtOnce = 100
const pagesAhead = 4

async function pin(session: WriteSession, refs: readonly ChunkRef[]): Promise<void> {
  const missing = refs.length === 0 ? [] : await session.pin(refs)
  if (missing.length === 0) return
  throw new Failure('SESSION_LOST', `Cannot commit the backup: ${missing.length} of its chunks are no longer stored`, {
    hint: 'Take the backup again',
    retry: 'later',
  })
}
