/** Writes bytes and LEB128 numbers into memory that grows. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4096)
  #at = 0

  get length(): number {
    return this.#at
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`cannot write ${value} as a varint`)
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The memory itself: valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = 0
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** Reads what `ByteWriter` wrote; never past `end`. Each reader throws what `fail` makes of the reason. */
export class ByteReader {
  at: number
  readonly #bytes: Buffer
  readonly #end: number
  readonly #fail: (reason: string) => Error

  constructor(bytes: Buffer, at: number, end: number, fail: (reason: string) => Error) {
    this.#bytes = bytes
    this.at = at
    this.#end = end
    this.#fail = fail
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      if (this.at >= this.#end) throw this.#fail('a number is cut off')
      const byte = this.#bytes[this.at++] as number
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw this.#fail('a number is too big')
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw this.#fail('a number is longer than it need be')
        return value
      }
    }
  }

  /** A view of the next `length` bytes */
  bytes(length: number): Buffer {
    if (length > this.#end - this.at) throw this.#fail(`${length} bytes are announced, ${this.#end - this.at} are left`)
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }
}
