import { comparePaths } from '../../archive/entry.ts'
import { Failure } from '../../base/failure.ts'
import { decodePage } from '../../repository/page.ts'
import type { FragmentReader } from '../../repository/threads/fragmentReader.ts'
import type { ChunkLocation, ChunkRef, StoredEntry } from '../../repository/types.ts'
import type { StatCache } from './statCache.ts'
import type { StatRecord } from './statRecords.ts'

export interface PreviousPage {
  ref: ChunkRef
  location: ChunkLocation
  entryCount: number
}

export interface PreviousEntry {
  entry: StoredEntry
  /** Null where no stat cache says */
  stat: StatRecord | null
  page: number
  /** The place in its page */
  place: number
}

/** The entries of the manifest before, one page in memory at a time, beside a walk in the same order. */
export class PreviousEntries {
  readonly #pages: readonly PreviousPage[]
  readonly #reader: FragmentReader
  readonly #cache: StatCache | null
  #page = -1
  #entries: StoredEntry[] = []
  #place = 0
  /** Of the first entry of the page, in the whole manifest */
  #base = 0

  constructor(pages: readonly PreviousPage[], reader: FragmentReader, cache: StatCache | null) {
    this.#pages = pages
    this.#reader = reader
    this.#cache = cache
  }

  /** The entry that stood at `path`; paths must be asked for in order. */
  at(path: Buffer): PreviousEntry | null {
    for (;;) {
      const entry = this.#current()
      if (entry === null) return null
      const order = comparePaths(entry.path, path)
      if (order > 0) return null
      const place = this.#place++
      if (order === 0) return { entry, stat: this.#cache?.get(this.#base + place) ?? null, page: this.#page, place }
    }
  }

  #current(): StoredEntry | null {
    while (this.#place >= this.#entries.length) {
      if (this.#page >= 0) this.#base += this.#pages[this.#page]?.entryCount ?? 0
      this.#page += 1
      this.#place = 0
      const page = this.#pages[this.#page]
      if (page === undefined) {
        this.#entries = []
        this.#page = this.#pages.length
        return null
      }
      this.#entries = this.#read(page)
    }
    return this.#entries[this.#place] ?? null
  }

  /** A page that cannot be read is as if it had never been: its files are read again, which mends it. */
  #read(page: PreviousPage): StoredEntry[] {
    try {
      return decodePage(this.#reader.readRawSync(page.ref, page.location))
    } catch (error) {
      if (error instanceof Failure) return []
      throw error
    }
  }
}
