import { type ChunkClass, cutChunk } from '../../repository/chunker.ts'
import type { ChunkRef } from '../../repository/types.ts'

/** A section whose chunks are being stored: each part is what one slot held of it, in order. */
export interface CutSection {
  name: string
  sizeBytes: number
  parts: Promise<ChunkRef[]>[]
}

/** Bytes that a slot is filled with before it is cut. */
const fillBytes = 1 << 20

export interface CutAs {
  size: ChunkClass
  /** The bytes may be incompressible */
  probe: boolean
}

type Store = (memory: SharedArrayBuffer, spans: Uint32Array) => Promise<ChunkRef[]>

interface Slot {
  memory: SharedArrayBuffer
  bytes: Buffer
}

/** What a slot holds of one section: how many of its chunks are that section's. */
interface Share {
  section: CutSection
  chunks: number
  resolve: (refs: ChunkRef[]) => void
  reject: (error: unknown) => void
}

/**
 * Copies a stream into shared slots and cuts it there; encoders work straight from the slot. Small sections share a slot.
 * A write waits while all slots are with encoders, so memory has a bound.
 */
export class SectionCutter {
  readonly #gear: Int32Array
  readonly #size: ChunkClass
  #current: CutAs
  readonly #store: Store
  readonly #free: Slot[]
  #waiting: ((slot: Slot) => void)[] = []
  #slot: Slot | null = null
  /** End of what was written to the slot */
  #have = 0
  /** Begin of what was not cut yet */
  #cut = 0
  #spans: number[] = []
  #shares: Share[] = []
  #section: CutSection | null = null
  #failure: unknown = null

  /** @param size of chunks; a section may have one of its own that is not longer */
  constructor(gear: Int32Array, size: ChunkClass, slots: number, store: Store) {
    this.#gear = gear
    this.#size = size
    this.#current = { size, probe: false }
    this.#store = store
    this.#free = Array.from({ length: slots }, () => {
      const memory = new SharedArrayBuffer(fillBytes + size.max)
      return { memory, bytes: Buffer.from(memory) }
    })
  }

  begin(name: string, as: CutAs = { size: this.#size, probe: false }): CutSection {
    this.#current = as
    this.#section = { name, sizeBytes: 0, parts: [] }
    return this.#section
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#section === null) throw new Error('no section was begun')
    this.#section.sizeBytes += bytes.length
    for (let from = 0; from < bytes.length;) {
      if (this.#failure !== null) throw this.#failure
      const slot = this.#slot ?? (await this.#takeSlot())
      const count = Math.min(bytes.length - from, slot.bytes.length - this.#have)
      slot.bytes.set(bytes.subarray(from, from + count), this.#have)
      this.#have += count
      from += count
      if (this.#have === slot.bytes.length) await this.#passOn()
    }
  }

  /** Ends the section: what is left of it is cut to the last byte. */
  async end(): Promise<void> {
    this.#cutHere(true)
    this.#section = null
    if (this.#have >= fillBytes) await this.flush()
  }

  /** Sends what is there, at the end of everything. */
  async flush(): Promise<void> {
    const slot = this.#slot
    if (slot === null) return
    this.#send(slot)
  }

  /** Cuts what can be cut, sends the slot and carries the rest into the next one. */
  async #passOn(): Promise<void> {
    this.#cutHere(false)
    const slot = this.#slot as Slot
    const rest = Buffer.from(slot.bytes.subarray(this.#cut, this.#have))
    this.#send(slot)
    if (rest.length === 0) return
    const next = await this.#takeSlot()
    next.bytes.set(rest)
    this.#have = rest.length
  }

  #cutHere(last: boolean): void {
    const slot = this.#slot
    const section = this.#section
    if (slot === null || section === null) return
    let chunks = 0
    for (;;) {
      const length = cutChunk(this.#gear, slot.bytes, this.#cut, this.#have, this.#current.size, last)
      if (length <= 0) break
      this.#spans.push(this.#cut, length, this.#current.probe ? 1 : 0)
      this.#cut += length
      chunks += 1
    }
    if (chunks === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<ChunkRef[]>()
    promise.catch(() => {}) // heard when the page is made
    section.parts.push(promise)
    this.#shares.push({ section, chunks, resolve, reject })
  }

  #send(slot: Slot): void {
    const shares = this.#shares
    this.#store(slot.memory, Uint32Array.from(this.#spans)).then(
      (refs) => {
        let at = 0
        for (const share of shares) {
          share.resolve(refs.slice(at, at + share.chunks))
          at += share.chunks
        }
        const next = this.#waiting.shift()
        if (next === undefined) this.#free.push(slot)
        else next(slot)
      },
      (error: unknown) => {
        this.#failure = error
        for (const share of shares) share.reject(error)
        for (const next of this.#waiting) next(slot)
        this.#waiting = []
      },
    )
    this.#slot = null
    this.#spans = []
    this.#shares = []
    this.#have = 0
    this.#cut = 0
  }

  async #takeSlot(): Promise<Slot> {
    const slot = this.#free.pop() ?? (await new Promise<Slot>((resolve) => this.#waiting.push(resolve)))
    if (this.#failure !== null) throw this.#failure
    this.#slot = slot
    return slot
  }
}
