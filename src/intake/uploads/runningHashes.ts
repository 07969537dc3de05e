import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'

const hashesMax = 64

/**
 * SHA-256 of files while they come in, so that the end of a large one need not read it again. Kept in memory only: after a
 * restart, or when the bytes went another way, the file is read.
 */
export class RunningHashes {
  readonly #known = new Map<string, { hash: Hash; bytes: number }>()

  /** Goes on at `offset`, or from the beginning; null when the bytes before are not known here. */
  take(id: string, offset: number): Hash | null {
    const known = this.#known.get(id)
    this.#known.delete(id)
    if (offset === 0) return createHash('sha256')
    return known?.bytes === offset ? known.hash : null
  }

  keep(id: string, hash: Hash | null, bytes: number): void {
    if (hash === null) return
    if (this.#known.size >= hashesMax) {
      const [oldest] = this.#known.keys()
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    this.#known.set(id, { hash, bytes })
  }

  async finish(id: string, path: string, bytes: number): Promise<Buffer> {
    const hash = this.take(id, bytes)
    if (hash !== null && bytes > 0) return hash.digest()
    const again = createHash('sha256')
    if (bytes > 0) for await (const part of createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 })) again.update(part)
    return again.digest()
  }
}
