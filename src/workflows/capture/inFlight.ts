import type { FinishedPack, WriteSession } from '../../repository/types.ts'
import { chunkStates, type FindAnswer, knownBytes } from './messages.ts'

type Known = Buffer

interface Open {
  /** Null while it is being encoded */
  known: Known | null
  waiting: ((known: Known) => void)[]
}

/**
 * Which chunks are being encoded in this capture: two threads that meet the same content must not both store it. An id
 * stays here from the moment that a thread is told to encode it until its pack is in the index, which then answers; so
 * memory depends on the packs that are open, not on the tree.
 */
export class InFlight {
  readonly #session: WriteSession
  readonly #open = new Map<string, Open>()

  constructor(session: WriteSession) {
    this.#session = session
  }

  async find(packed: Uint8Array): Promise<FindAnswer> {
    const ids = splitIds(packed)
    const toAsk = ids.filter((id) => !this.#open.has(keyOf(id)))
    const answers = toAsk.length === 0 ? [] : await this.#session.find(toAsk)
    const found = new Map(toAsk.map((id, index) => [keyOf(id), answers[index] ?? null]))
    const states = new Uint8Array(ids.length)
    const known: Buffer[] = []
    ids.forEach((id, index) => {
      const key = keyOf(id)
      const open = this.#open.get(key) // looked at again: another thread may have asked meanwhile
      const stored = found.get(key) ?? null
      if (open !== undefined) {
        if (open.known === null) states[index] = chunkStates.underWay
        else known.push(open.known)
        if (open.known !== null) states[index] = chunkStates.known
      } else if (stored !== null) {
        const bytes = Buffer.allocUnsafe(knownBytes)
        stored.encMac.copy(bytes)
        bytes.writeUInt32LE(stored.encLen, 32)
        known.push(bytes)
        states[index] = chunkStates.known
      } else {
        this.#open.set(key, { known: null, waiting: [] })
        states[index] = chunkStates.encode
      }
    })
    return { states, known: new Uint8Array(Buffer.concat(known)) }
  }

  encoded(packedIds: Uint8Array, packedKnown: Uint8Array): void {
    splitIds(packedIds).forEach((id, index) => {
      const open = this.#open.get(keyOf(id))
      if (open === undefined) return
      open.known = Buffer.from(packedKnown.subarray(index * knownBytes, (index + 1) * knownBytes))
      for (const resolve of open.waiting) resolve(open.known)
      open.waiting = []
    })
  }

  /** Resolves when all of these were encoded, by whomever. */
  async wait(packed: Uint8Array): Promise<Uint8Array> {
    const known = await Promise.all(splitIds(packed).map((id) => this.#waitFor(id)))
    return new Uint8Array(Buffer.concat(known))
  }

  /** The index answers for these from now on. */
  recorded(pack: FinishedPack): void {
    for (const { id } of pack.blobs) this.#open.delete(keyOf(id))
  }

  async #waitFor(id: Buffer): Promise<Known> {
    const open = this.#open.get(keyOf(id))
    if (open?.known) return open.known
    if (open !== undefined) return new Promise((resolve) => open.waiting.push(resolve))
    const [stored] = await this.#session.find([id]) // encoded and recorded since the thread was told to wait
    if (!stored) throw new Error(`chunk ${id.toString('hex', 0, 6)} was said to be under way, and is not`)
    const bytes = Buffer.allocUnsafe(knownBytes)
    stored.encMac.copy(bytes)
    bytes.writeUInt32LE(stored.encLen, 32)
    return bytes
  }
}

function splitIds(packed: Uint8Array): Buffer[] {
  const all = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
  return Array.from({ length: all.length / 32 }, (_, index) => all.subarray(index * 32, index * 32 + 32))
}

function keyOf(id: Buffer): string {
  return id.toString('latin1')
}
