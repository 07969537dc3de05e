import { rawDeflater, toAByte } from '../zlibSync.ts'
import { codecNumbers, type Deflater } from './deflater.ts'

export function zlibDeflater(level: number): Deflater {
  const deflate = rawDeflater(level)
  let output = Buffer.allocUnsafeSlow(256 << 10)
  return {
    number: codecNumbers.zlib,
    deflate(raw) {
      // room for all of it at once: what does not compress grows by 5 bytes for each 16 KiB
      const bound = raw.length + (raw.length >> 8) + 64
      if (output.length < bound) output = Buffer.allocUnsafeSlow(bound)
      const { written, consumed } = deflate(raw, output, toAByte)
      if (consumed !== raw.length || written === output.length) throw new Error('zlib made more bytes than it can')
      return output.subarray(0, written)
    },
  }
}
