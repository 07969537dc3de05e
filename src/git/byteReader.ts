/** Reads a stream of bytes in the pieces that a protocol has. One read at a time. */
export interface ByteReader {
  /** Up to and without the next line feed; null at the end of the stream. At most 64 KiB. */
  line(): Promise<Buffer | null>
  /** Exactly so many bytes, in pieces as they come; ends early where the stream does */
  take(lengthBytes: number): AsyncGenerator<Buffer>
  /** Everything that is left */
  rest(): AsyncGenerator<Buffer>
}

const lineMax = 64 << 10

export function byteReader(stream: AsyncIterable<Buffer>): ByteReader {
  const source = stream[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const more = async (): Promise<Buffer | null> => {
    for (;;) {
      const next = await source.next()
      if (next.done === true) return null
      if (next.value.length > 0) return next.value
    }
  }
  return {
    async line() {
      for (let from = 0; ;) {
        const at = held.indexOf(0x0a, from)
        if (at >= 0) {
          const line = held.subarray(0, at)
          held = held.subarray(at + 1)
          return line
        }
        if (held.length > lineMax) throw new Error('byteReader: a line is too long')
        from = held.length
        const next = await more()
        if (next === null) return held.length === 0 ? null : take(held.length)
        held = Buffer.concat([held, next])
      }
    },
    async *take(lengthBytes) {
      for (let left = lengthBytes; left > 0;) {
        if (held.length === 0) {
          const next = await more()
          if (next === null) return
          held = next
        }
        const piece = take(Math.min(left, held.length))
        left -= piece.length
        yield piece
      }
    },
    async *rest() {
      if (held.length > 0) yield take(held.length)
      for (let next = await more(); next !== null; next = await more()) yield next
    },
  }
  function take(lengthBytes: number): Buffer {
    const piece = held.subarray(0, lengthBytes)
    held = held.subarray(lengthBytes)
    return piece
  }
}

/** @throws when the stream ends before */
export async function takeWhole(reader: ByteReader, lengthBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of reader.take(lengthBytes)) pieces.push(piece)
  const whole = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  if (whole.length < lengthBytes) throw new Error(`byteReader: ended ${lengthBytes - whole.length} bytes early`)
  return whole
}
