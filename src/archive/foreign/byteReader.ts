import type { ByteSource } from './types.ts'

/** Takes exact numbers of bytes from a source that gives them in whatever pieces. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #piece: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(source: ByteSource) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** At least one byte unless the source is at its end. */
  async next(bytesMax: number): Promise<Buffer | null> {
    while (this.#at === this.#piece.length) {
      const { done, value } = await this.#source.next()
      if (done === true) return null
      this.#piece = Buffer.from(value.buffer, value.byteOffset, value.length)
      this.#at = 0
    }
    const part = this.#piece.subarray(this.#at, Math.min(this.#piece.length, this.#at + bytesMax))
    this.#at += part.length
    return part
  }

  /** Exactly so many bytes, or fewer at the end of the source. */
  async take(bytes: number): Promise<Buffer> {
    if (this.#piece.length - this.#at >= bytes) {
      this.#at += bytes
      return this.#piece.subarray(this.#at - bytes, this.#at)
    }
    const parts: Buffer[] = []
    for (let left = bytes; left > 0;) {
      const part = await this.next(left)
      if (part === null) break
      parts.push(part)
      left -= part.length
    }
    return Buffer.concat(parts)
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
