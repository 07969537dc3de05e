import { isAscii, isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { refuse, shown } from './refuse.ts'
import type { ForeignEntry } from './types.ts'

/** Bytes of a hash that are kept; that two paths of an archive share them does not happen by chance. */
const keyBytes = 12
const firstSlots = 1 << 12

/** implied: a directory that only follows from what it holds. */
const kinds = { none: 0, implied: 1, directory: 2, file: 3, link: 4 } as const

/**
 * Which paths an archive has named so far, in 20 bytes each: refuses what would be two things at once on any system, and
 * what would be written through a link.
 */
export class SeenPaths {
  readonly #twins: boolean
  #keys = Buffer.alloc(firstSlots * keyBytes)
  /** A stretch of the hash of the exact path, to tell a repetition from a twin in other letters */
  #exact = new Uint32Array(firstSlots)
  #kinds = new Uint8Array(firstSlots)
  #count = 0
  /** The directory of the last path: its neighbours need not look again */
  #parent: Buffer | null = null

  /** @param twins whether paths may differ in upper and lower case (or in the form of accents) alone */
  constructor({ twins }: { twins: boolean }) {
    this.#twins = twins
  }

  /**
   * @returns directories above it that nothing has named so far
   * @throws {Failure} ARCHIVE_DAMAGED (duplicate, through-link)
   */
  add(path: Buffer, kind: ForeignEntry['kind']): Buffer[] {
    const implied = this.#addAbove(path)
    const { slot, exact } = this.#find(path)
    const before = this.#kinds[slot]
    if (before === kinds.none) this.#put(slot, exact, kind === 'hardlink' ? kinds.file : kinds[kind])
    else if (this.#exact[slot] !== exact)
      throw refuse('duplicate', `${shown(path)} and another name differ in upper and lower case alone`)
    else if (kind === 'directory' && (before === kinds.directory || before === kinds.implied)) this.#kinds[slot] = kinds.directory
    else if (kind === 'link' || before === kinds.link)
      throw refuse('through-link', `${shown(path)} is a link, and something else as well`)
    else throw refuse('duplicate', `${shown(path)} is in it twice`)
    return implied
  }

  /** Whether it is a file that was named before. */
  isFile(path: Buffer): boolean {
    const { slot, exact } = this.#find(path)
    return this.#kinds[slot] === kinds.file && this.#exact[slot] === exact
  }

  #addAbove(path: Buffer): Buffer[] {
    const implied: Buffer[] = []
    let parent = above(path)
    if (parent === null || this.#parent?.equals(parent) === true) return implied
    this.#parent = Buffer.from(parent)
    for (; parent !== null; parent = above(parent)) {
      const { slot, exact } = this.#find(parent)
      const before = this.#kinds[slot]
      if (before === kinds.none) {
        this.#put(slot, exact, kinds.implied)
        implied.push(Buffer.from(parent))
        continue
      }
      if (before === kinds.link) throw refuse('through-link', `${shown(path)} lies behind the link ${shown(parent)}`)
      if (before === kinds.file) throw refuse('duplicate', `${shown(parent)} is a file, and holds ${shown(path)}`)
      if (this.#exact[slot] !== exact) {
        throw refuse('duplicate', `${shown(parent)} and another directory differ in upper and lower case alone`)
      }
      break
    }
    return implied
  }

  #find(path: Buffer): { slot: number; exact: number } {
    const exactHash = hash('sha256', path, 'buffer')
    const folded = this.#twins ? path : fold(path)
    const key = folded === path ? exactHash : hash('sha256', folded, 'buffer')
    const mask = this.#kinds.length - 1
    let slot = key.readUInt32LE(0) & mask
    while (
      this.#kinds[slot] !== kinds.none &&
      key.compare(this.#keys, slot * keyBytes, (slot + 1) * keyBytes, 0, keyBytes) !== 0
    ) {
      slot = (slot + 1) & mask
    }
    if (this.#kinds[slot] === kinds.none) key.copy(this.#keys, slot * keyBytes, 0, keyBytes) // counts once its kind is set
    return { slot, exact: exactHash.readUInt32LE(16) }
  }

  #put(slot: number, exact: number, kind: number): void {
    this.#exact[slot] = exact
    this.#kinds[slot] = kind
    this.#count += 1
    if (this.#count * 2 > this.#kinds.length) this.#grow()
  }

  #grow(): void {
    const [keys, exact, kindsBefore] = [this.#keys, this.#exact, this.#kinds]
    const slots = kindsBefore.length * 2
    this.#keys = Buffer.alloc(slots * keyBytes)
    this.#exact = new Uint32Array(slots)
    this.#kinds = new Uint8Array(slots)
    for (let from = 0; from < kindsBefore.length; from++) {
      if (kindsBefore[from] === kinds.none) continue
      let to = keys.readUInt32LE(from * keyBytes) & (slots - 1)
      while (this.#kinds[to] !== kinds.none) to = (to + 1) & (slots - 1)
      keys.copy(this.#keys, to * keyBytes, from * keyBytes, (from + 1) * keyBytes)
      this.#exact[to] = exact[from] as number
      this.#kinds[to] = kindsBefore[from] as number
    }
  }
}

function above(path: Buffer): Buffer | null {
  const at = path.lastIndexOf(0x2f)
  return at < 0 ? null : path.subarray(0, at)
}

/** As a system that looks at neither case nor the form of accents would compare it. */
function fold(path: Buffer): Buffer {
  if (isAscii(path)) {
    const text = path.toString('latin1')
    return /[A-Z]/.test(text) ? Buffer.from(text.toLowerCase(), 'latin1') : path
  }
  if (!isUtf8(path)) return path
  return Buffer.from(path.toString().normalize('NFC').toLowerCase().normalize('NFC'))
}
