import { closeSync, mkdtempSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { comparePaths } from '../../archive/entry.ts'
import { refuse } from '../../archive/foreign/refuse.ts'
import { removeTree, spaceFailure } from '../../base/files.ts'
import { decodePage, encodePage } from '../../repository/page.ts'
import type { StoredEntry } from '../../repository/types.ts'

/** Memory that the entries of one run may take before they are written out. */
const usualRunBytes = 24 << 20
const recordOverhead = 320
const windowBytes = 256 << 10
const hardLinksMax = 100_000
const hardLinkBytesMax = 64 << 20

interface Held {
  path: Buffer
  /** Kind of the record in one byte, then the entry as a page of one */
  bytes: Buffer
}

const recordKinds = { implied: 0, entry: 1, hardLink: 2 } as const

/**
 * Entries of an archive, which come in any order, given back in the order of manifests (`comparePaths`), as often as wanted.
 * Bodies are stored already, so an entry is some hundred bytes; beyond 24 MB they go to disk in sorted runs, which are merged
 * while reading. Two million entries take 50 MB of memory and 400 MB of disk.
 */
export class EntryIndex {
  readonly #parent: string
  readonly #runBytes: number
  #directory: string | null = null
  #held: Held[] = []
  #heldBytes = 0
  #runs: { path: string; bytes: number }[] = []
  #hardLinks = new Set<string>()
  #targets = new Map<string, StoredEntry>()
  #finished = false

  /**
   * @param parent a private directory, in which one is made when it is needed
   * @param runBytes what entries may take in memory
   */
  constructor(parent: string, runBytes: number = usualRunBytes) {
    this.#parent = parent
    this.#runBytes = runBytes
  }

  /** @param kind `implied` gives way to an entry of the same path; of a hard link, `target` is the path of an earlier file */
  add(entry: StoredEntry, kind: keyof typeof recordKinds): void {
    if (kind === 'hardLink') {
      if (this.#hardLinks.size >= hardLinksMax) throw refuse('limit', `it has more than ${hardLinksMax} hard links`)
      this.#hardLinks.add(entry.target.toString('latin1'))
    }
    const bytes = Buffer.concat([Buffer.from([recordKinds[kind]]), encodePage([entry])])
    this.#held.push({ path: Buffer.from(entry.path), bytes })
    this.#heldBytes += bytes.length + entry.path.length + recordOverhead
    if (this.#heldBytes > this.#runBytes) this.#writeRun()
  }

  /** No more entries come. */
  finish(): void {
    this.#sortHeld()
    if (this.#runs.length > 0) this.#writeRun()
    this.#findTargets()
    this.#finished = true
  }

  /** All entries in order, each path once; hard links as files of their own with the same chunks. */
  *entries(): Generator<StoredEntry, void, undefined> {
    if (!this.#finished) throw new Error('EntryIndex: entries are still coming')
    let last: { entry: StoredEntry; implied: boolean } | null = null
    for (const { bytes } of this.#merged()) {
      const entry = this.#resolve(bytes)
      const implied = bytes[0] === recordKinds.implied
      const again: boolean = last !== null && last.entry.path.equals(entry.path)
      if (again && implied) continue
      if (!again && last !== null) yield last.entry
      last = { entry, implied }
    }
    if (last !== null) yield last.entry
  }

  /** Removes what stands on disk. Safe to call twice. */
  close(): void {
    if (this.#directory !== null) removeTree(this.#directory, this.#parent)
    this.#directory = null
    this.#runs = []
    this.#held = []
  }

  #resolve(record: Buffer): StoredEntry {
    const entry = decode(record)
    if (record[0] !== recordKinds.hardLink) return entry
    const target = this.#targets.get(entry.target.toString('latin1'))
    if (target === undefined) throw new Error(`EntryIndex: the target of a hard link is gone: ${entry.path.toString()}`)
    return { ...target, path: entry.path }
  }

  /** Entries that hard links repeat; a hard link may repeat another one. */
  #findTargets(): void {
    let bytes = 0
    const left = new Set(this.#hardLinks)
    for (let found = left.size; found > 0 && left.size > 0;) {
      found = 0
      for (const { bytes: record } of this.#merged()) {
        if (record[0] === recordKinds.implied) continue
        const entry = decode(record)
        const path = entry.path.toString('latin1')
        if (!left.has(path)) continue
        const behind = record[0] === recordKinds.hardLink ? this.#targets.get(entry.target.toString('latin1')) : entry
        if (behind === undefined) continue // in the next round
        bytes += record.length + behind.chunks.length * 76
        if (bytes > hardLinkBytesMax) throw refuse('limit', 'its hard links repeat more than can be held')
        this.#targets.set(path, behind)
        left.delete(path)
        found += 1
      }
    }
  }

  #sortHeld(): void {
    this.#held.sort((a, b) => comparePaths(a.path, b.path))
  }

  #writeRun(): void {
    if (this.#held.length === 0) return
    this.#sortHeld()
    this.#directory ??= mkdtempSync(join(this.#parent, 'index-'))
    const path = join(this.#directory, String(this.#runs.length))
    const fd = openSync(path, 'wx', 0o600)
    let bytes = 0
    try {
      let parts: Buffer[] = []
      let partBytes = 0
      const flush = (): void => {
        const all = Buffer.concat(parts)
        for (let done = 0; done < all.length;) done += writeSync(fd, all, done)
        bytes += all.length
        parts = []
        partBytes = 0
      }
      for (const record of this.#held) {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(record.bytes.length)
        parts.push(length, record.bytes)
        partBytes += record.bytes.length + 4
        if (partBytes > windowBytes) flush()
      }
      flush()
    } catch (error) {
      throw spaceFailure(error, path)
    } finally {
      closeSync(fd)
    }
    this.#runs.push({ path, bytes })
    this.#held = []
    this.#heldBytes = 0
  }

  /** All records by path; equal paths in no order. */
  *#merged(): Generator<Held, void, undefined> {
    const sources = [...this.#runs.map((run) => readRun(run)), this.#held.values()]
    const heads = sources.flatMap((source) => {
      const { done, value } = source.next()
      return done === true ? [] : [{ source, value }]
    })
    try {
      while (heads.length > 0) {
        let least = 0
        for (let at = 1; at < heads.length; at++) {
          if (comparePaths((heads[at] as Head).value.path, (heads[least] as Head).value.path) < 0) least = at
        }
        const head = heads[least] as Head
        yield head.value
        const { done, value } = head.source.next()
        if (done === true) heads.splice(least, 1)
        else head.value = value
      }
    } finally {
      for (const { source } of heads) source.return?.()
    }
  }
}

interface Head {
  source: Iterator<Held, unknown, undefined>
  value: Held
}

function* readRun({ path, bytes }: { path: string; bytes: number }): Generator<Held, void, undefined> {
  const fd = openSync(path, 'r')
  try {
    let window = Buffer.alloc(0)
    let windowAt = 0
    const take = (at: number, length: number): Buffer => {
      if (at + length > windowAt + window.length) {
        const next = Buffer.allocUnsafe(Math.min(Math.max(length, windowBytes), bytes - at))
        let have = 0
        while (have < next.length) {
          const read = readSync(fd, next, have, next.length - have, at + have)
          if (read === 0) throw new Error(`EntryIndex: "${path}" is shorter than it was`)
          have += read
        }
        window = next
        windowAt = at
      }
      return window.subarray(at - windowAt, at - windowAt + length)
    }
    for (let at = 0; at < bytes;) {
      const length = take(at, 4).readUInt32LE()
      const record = take(at + 4, length)
      yield { path: decode(record).path, bytes: record }
      at += 4 + length
    }
  } finally {
    closeSync(fd)
  }
}

function decode(record: Buffer): StoredEntry {
  const [entry] = decodePage(record.subarray(1))
  if (entry === undefined) throw new Error('EntryIndex: a record holds no entry')
  return entry
}
