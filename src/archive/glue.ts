/** Glue: what stands between two bodies in a tar (padding, headers, the end), as a deflate fragment made while reading. */

/**
 * Names the encoder below. Lengths and ETags of committed archives rest on its exact bytes, so it never changes: another
 * encoder gets another number and stands beside this one.
 */
export const GLUE_VERSION = 1

/** Zero bytes that fill the last block of a body of this size. */
export function padding(sizeBytes: number): number {
  return (512 - (sizeBytes % 512)) % 512
}

/** The two zero blocks that end a tar. */
export const tarEndBytes = 1024

/**
 * Deflates without looking for anything but runs: one block of fixed Huffman codes, literals and copies at distance 1, then
 * an empty stored block. The result is not final (BFINAL 0) and ends on a byte boundary, so that fragments follow it.
 */
export function encodeGlue(plain: Buffer): Buffer {
  const out = Buffer.allocUnsafe(glueLengthMax(plain.length))
  return out.subarray(0, encodeGlueInto(plain, out, 0))
}

/** What `encodeGlue` can at most give for so many bytes: nine bits a literal, ten bits around the block, five bytes behind. */
export function glueLengthMax(plainBytes: number): number {
  return Math.ceil((plainBytes * 9) / 8) + 8
}

/** As `encodeGlue`, into `out` at `at`, which has `glueLengthMax` bytes of room; gives the place behind the last byte. */
export function encodeGlueInto(plain: Uint8Array, out: Uint8Array, at: number): number {
  const length = plain.length
  let to = at
  let bits = 0b010 // BFINAL 0, BTYPE 01; codes are at most 18 bits, so 25 are pending at most
  let count = 3
  for (let i = 0; i < length;) {
    const byte = plain[i] as number
    i++
    bits |= (literalCode[byte] as number) << count
    count += literalBits[byte] as number
    while (count >= 8) {
      out[to++] = bits & 0xff
      bits >>>= 8
      count -= 8
    }
    let run = 0
    while (run < runMax && plain[i + run] === byte) run++ // undefined behind the end never equals
    if (run < runMin) continue
    bits |= (runCode[run] as number) << count
    count += runBits[run] as number
    i += run
    while (count >= 8) {
      out[to++] = bits & 0xff
      bits >>>= 8
      count -= 8
    }
  }
  // End of block is seven zero bits, the header of a stored block three more; zeros fill the byte.
  for (count += 10; count > 0; count -= 8) {
    out[to++] = bits & 0xff
    bits >>>= 8
  }
  out[to++] = 0x00
  out[to++] = 0x00
  out[to++] = 0xff
  out[to++] = 0xff
  return to
}

// Tables of RFC 1951, 3.2.5 and 3.2.6, bits reversed as the stream wants them.
const runMin = 3
const runMax = 258
const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const lengthExtraBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]

const literalCode = new Uint16Array(256)
const literalBits = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  literalBits[byte] = byte < 144 ? 8 : 9
  literalCode[byte] = byte < 144 ? reversed(0x30 + byte, 8) : reversed(0x190 + byte - 144, 9)
}

/** By length of the run: its symbol, the extra bits and the five zero bits of distance 1, in one. */
const runCode = new Uint32Array(runMax + 1)
const runBits = new Uint8Array(runMax + 1)
for (let run = runMin; run <= runMax; run++) {
  const symbol = lengthBase.findLastIndex((base) => base <= run)
  const width = symbol < 23 ? 7 : 8
  const code = symbol < 23 ? reversed(symbol + 1, 7) : reversed(0xc0 + symbol - 23, 8)
  runCode[run] = code | ((run - (lengthBase[symbol] as number)) << width)
  runBits[run] = width + (lengthExtraBits[symbol] as number) + 5
}

function reversed(value: number, bits: number): number {
  let result = 0
  for (let bit = 0; bit < bits; bit++) result |= ((value >>> bit) & 1) << (bits - 1 - bit)
  return result
}
