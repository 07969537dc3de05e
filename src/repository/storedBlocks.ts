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

export function storedFragment(raw: Uint8Array): Buffer {
  const fragment = Buffer.allocUnsafe(storedLength(raw.length))
  writeStored(raw, fragment)
  return fragment
}
