import { join } from 'node:path'
import type { Element } from '../../contract/words.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'
import { FragmentReader } from '../../repository/threads/fragmentReader.ts'
import type { Repository, StoredEntry } from '../../repository/types.ts'
import { findPrevious } from '../backup/findPrevious.ts'
import { type Previous, previousOf } from '../capture/previous.ts'
import { PreviousEntries } from '../capture/previousEntries.ts'
import { readStatCache } from '../capture/statCache.ts'
import type { KnownFile } from '../../releases/managed/layTree.ts'
import type { House } from '../house.ts'

/** What is known of files without reading them. */
export interface KnownContent {
  /** Begins anew: the next pass asks in order from the start */
  rewind(): void
  /** Whether the file that stands there has the wanted content; null when only reading it tells. Asked in the order of paths. */
  isSame(wanted: StoredEntry, current: WalkedEntry): boolean | null
  /**
   * The same without looking at the file: what must be true of it for what is known to hold. Null when nothing is known, or it was no
   * file. Asked in the order of paths.
   */
  find(wanted: StoredEntry): KnownFile | null
  close(): void
}

/**
 * The last backup of an environment, which is mostly the safety backup of a moment ago, knows the content of every file whose
 * inode and ctime have not changed since: such a file is compared by its chunks' ids. Never by size and mtime.
 */
export async function openKnownContent(house: House, environmentId: string, element: Element): Promise<KnownContent | null> {
  const previous = await findPrevious(house, environmentId, element)
  return knownFrom(house.repository, previous, join(house.cacheDirectory, environmentId, element))
}

/** @param statCachePath that the backup `last` was taken with */
export async function knownFrom(
  repository: Repository,
  last: Previous | null,
  statCachePath: string,
): Promise<KnownContent | null> {
  const previous = await previousOf(repository, last)
  if (previous === null) return null
  const cache = readStatCache(statCachePath, previous.ref)
  if (cache === null) return null
  const reader = new FragmentReader(repository.directory, repository.keys)
  const pages = previous.manifest.pages.map(({ ref, entryCount }, index) => {
    const location = previous.locations[index]
    if (location === undefined) throw new Error('a page has no place')
    return { ref, entryCount, location }
  })
  const begin = (): PreviousEntries => new PreviousEntries(pages, reader, cache)
  let entries = begin()
  return {
    rewind: () => void (entries = begin()),
    isSame(wanted, current) {
      const known = entries.at(current.path)
      if (known === null || known.stat === null || known.stat.ctimeNs === 0n) return null
      const { entry, stat } = known
      const isUntouched =
        stat.ino === current.ino &&
        stat.ctimeNs === current.ctimeNs &&
        entry.kind === 'file' &&
        entry.sizeBytes === current.sizeBytes &&
        entry.mtimeNs === current.mtimeNs
      return isUntouched ? haveSameChunks(entry, wanted) : null
    },
    find(wanted) {
      const known = entries.at(wanted.path)
      if (known === null || known.stat === null || known.stat.ctimeNs === 0n || known.entry.kind !== 'file') return null
      const { entry, stat } = known
      if (!haveSameChunks(entry, wanted)) return { isSame: false }
      return { isSame: true, ino: stat.ino, ctimeNs: stat.ctimeNs, sizeBytes: entry.sizeBytes, mtimeNs: entry.mtimeNs }
    },
    close: () => reader.close(),
  }
}

function haveSameChunks(a: StoredEntry, b: StoredEntry): boolean {
  return (
    a.chunks.length === b.chunks.length &&
    a.chunks.every((chunk, index) => chunk.id.equals(b.chunks[index]?.id ?? Buffer.alloc(0)))
  )
}
