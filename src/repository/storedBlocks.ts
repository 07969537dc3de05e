/** An empty stored block: ends a fragment on a byte boundary. */
export const emptyBlock = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

const blockMax = 65_535

export function storedLength(rawLength: number): number {
  return rawLength + Math.ceil(rawLength / blockMax) * 5 + emptyBlock.length
}

/** Writes `raw` as stored deflate blocks, an empty one last, into `to`; gives the length written. */
export function writeStored(raw: Uint8Array, to: Buffer, at = 0): number {
  let end = at
  for (let from = 0; from < raw.length; from += blockMax) {
    const length = Math.min(blockMax, raw.length - from)
    to[end] = 0
    to.writeUInt16LE(length, end + 1)
    to.writeUInt16LE(length ^ 0xffff, end + 3)
    to.set(raw.subarray(from, from + length), end + 5)
    end += 5 + length
  }
  emptyBlock.copy(to, end)
  return end + emptyBlock.length - at
}

/** Whether these bytes are stored blocks that hold exactly `raw`, none of them final and an empty one last. */
export function holdsStored(bytes: Buffer, raw: Uint8Array): boolean {
  let at = 0
  for (let from = 0; from < raw.length;) {
    if (bytes.length - at < 5 || bytes[at] !== 0) return false
    const length = bytes.readUInt16LE(at + 1)
    if (length === 0 || length > raw.length - from || bytes.readUInt16LE(at + 3) !== (length ^ 0xffff)) return false
    if (bytes.compare(raw, from, from + length, at + 5, at + 5 + length) !== 0) return false
    at += 5 + length
    from += length
  }
  return bytes.subarray(at).equals(emptyBlock)
}

export function storedFragment(raw: Uint8Array): Buffer {
  const fragment = Buffer.allocUnsafe(storedLength(raw.length))
  writeStored(raw, fragment)
  return fragment
}
