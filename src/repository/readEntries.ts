import { Failure } from '../base/failure.ts'
import { inOrder } from './inOrder.ts'
import { decodePage, type PageEntry } from './page.ts'
import type { ChunkLocation, ChunkRef, Manifest, PageSummary, StoredEntry } from './types.ts'

/** The part of a repository that reading bodies needs. */
export interface ChunkSource {
  locate(refs: readonly ChunkRef[]): Promise<ChunkLocation[]>
  readChunk(ref: ChunkRef, location?: ChunkLocation): Promise<Buffer>
}

/**
 * Every entry of an element in the order of its archive, one page after another.
 *
 * @throws {Failure} MANIFEST_DAMAGED, also for a path that leaves its root; CHUNK_MISSING, CHUNK_DAMAGED
 */
export async function* entriesOf(source: ChunkSource, manifest: Manifest): AsyncGenerator<PageEntry, void, undefined> {
  for await (const entries of pagesOf(source, manifest.pages)) {
    for (const entry of entries) {
      // Names of sections are no paths: a table may be called anything.
      if (manifest.form === 'tar' && !isInside(entry.path))
        throw damaged(`a path leaves its root: ${JSON.stringify(entry.path.toString())}`)
      yield entry
    }
  }
}

/** The body of one entry, chunk after chunk, each verified. `located`: where its chunks are, if that is known. @throws {Failure} CHUNK_MISSING, CHUNK_DAMAGED, MANIFEST_DAMAGED */
export async function* readEntryBody(
  source: ChunkSource,
  entry: StoredEntry,
  located: readonly ChunkLocation[] = [],
): AsyncGenerator<Buffer, void, undefined> {
  let length = 0
  for (let from = 0; from < entry.chunks.length; from += batchMax) {
    const refs = entry.chunks.slice(from, from + batchMax)
    const locations = located.length > 0 ? located.slice(from, from + batchMax) : await source.locate(refs)
    for await (const raw of inOrder(refs.entries(), ([index, ref]) => source.readChunk(ref, locations[index]), chunksAhead)) {
      length += raw.length
      yield raw
    }
  }
  if (length !== entry.sizeBytes)
    throw damaged(`the chunks of "${entry.path.toString()}" hold ${length} bytes instead of ${entry.sizeBytes}`)
}

/** Entries with their bodies, to be read in their order or not at all: places are looked up for many at once. */
export async function* withBodies<E extends StoredEntry>(
  source: ChunkSource,
  entries: AsyncIterable<E>,
): AsyncGenerator<{ entry: E; body: AsyncGenerator<Buffer, void, undefined> }, void, undefined> {
  let batch: E[] = []
  let chunkCount = 0
  async function* flush(): AsyncGenerator<{ entry: E; body: AsyncGenerator<Buffer, void, undefined> }, void, undefined> {
    const locations = chunkCount === 0 ? [] : await source.locate(batch.flatMap((entry) => entry.chunks))
    let next = 0
    for (const entry of batch) {
      const own = locations.slice(next, (next += entry.chunks.length))
      yield { entry, body: readEntryBody(source, entry, own) }
    }
    batch = []
    chunkCount = 0
  }
  for await (const entry of entries) {
    batch.push(entry)
    chunkCount += entry.chunks.length
    if (batch.length >= batchMax || chunkCount >= batchMax) yield* flush()
  }
  yield* flush()
}

/** One named section of a database element. @throws {Failure} ELEMENT_MISSING when it has no section of this name */
export async function* readSection(
  source: ChunkSource,
  manifest: Manifest,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  const wanted = Buffer.from(name)
  for await (const entry of entriesOf(source, manifest)) {
    if (!entry.path.equals(wanted)) continue
    yield* readEntryBody(source, entry)
    return
  }
  throw new Failure('ELEMENT_MISSING', `Cannot read section "${name}": the ${manifest.element} element does not hold it`)
}

/** The entries of these pages, page by page; the next ones are fetched while one is in use. */
function pagesOf(source: ChunkSource, pages: readonly PageSummary[]): AsyncGenerator<PageEntry[], void, undefined> {
  return inOrder(locatedPages(source, pages), ([page, location]) => readPage(source, page, location), pagesAhead)
}

/** Places are looked up for many pages at once, and only as far as the reader gets. */
export async function* locatedPages<Page extends PageSummary>(
  source: ChunkSource,
  pages: readonly Page[],
): AsyncGenerator<readonly [Page, ChunkLocation | undefined], void, undefined> {
  for (let from = 0; from < pages.length; from += batchMax) {
    const batch = pages.slice(from, from + batchMax)
    const locations = await source.locate(batch.map((page) => page.ref))
    for (const [index, page] of batch.entries()) yield [page, locations[index]]
  }
}

export async function readPage(source: ChunkSource, page: PageSummary, location?: ChunkLocation): Promise<PageEntry[]> {
  const entries = decodePage(await source.readChunk(page.ref, location))
  if (entries.length !== page.entryCount) throw damaged(`a page holds ${entries.length} entries instead of ${page.entryCount}`)
  if (entries[0] !== undefined && !entries[0].path.equals(page.firstPath)) throw damaged('a page begins with another path')
  return entries
}

const batchMax = 200
const pagesAhead = 2
const chunksAhead = 3
const slash = 0x2f
const dot = 0x2e

/** Relative, no empty part, no `.` or `..`, no NUL; or empty, which is the root. */
function isInside(path: Buffer): boolean {
  let start = 0
  for (let i = 0; i <= path.length; i++) {
    if (path[i] === 0) return false
    if (i < path.length && path[i] !== slash) continue
    const length = i - start
    if (length === 0 && path.length > 0) return false
    if (length <= 2 && path.subarray(start, i).every((byte) => byte === dot) && length > 0) return false
    start = i + 1
  }
  return true
}

function damaged(found: string): Failure {
  return new Failure('MANIFEST_DAMAGED', `Cannot read a manifest: ${found}`)
}
