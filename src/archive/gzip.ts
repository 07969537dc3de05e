/** Begins every archive: deflate, no name, time 0, system 255 ("unknown"), so that equal contents give equal bytes. */
export const gzipHeader: Buffer = Buffer.from('1f8b08000000000000ff', 'hex')

export const gzipTrailerBytes = 10

/**
 * Ends the one deflate stream that the joined fragments make (`03 00` is an empty last block) and the gzip member. The
 * length travels modulo 2^32, as the format has it.
 */
export function gzipTrailer(crc: number, rawLengthBytes: number): Buffer {
  const trailer = Buffer.alloc(gzipTrailerBytes)
  trailer[0] = 3
  trailer.writeUInt32LE(crc >>> 0, 2)
  trailer.writeUInt32LE(rawLengthBytes % 0x1_0000_0000, 6)
  return trailer
}
