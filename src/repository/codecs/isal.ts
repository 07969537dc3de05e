import { createRequire } from 'node:module'
import type { KoffiFunc } from 'koffi'
import { chunkMax } from '../chunker.ts'
import { codecNumbers, type Deflater } from './deflater.ts'

interface Library {
  address(value: object): bigint
  init: KoffiFunc<(...args: unknown[]) => unknown>
  deflate: KoffiFunc<(...args: unknown[]) => unknown>
}

let library: Library | null | undefined

/** Whether `koffi` is installed and finds Intel's ISA-L on this machine. */
export function isalFound(): boolean {
  return load() !== null
}

/** Level 0 to 3. Calls into the library with a stream struct that is written by hand: 15-20 µs for a small chunk. */
export function isalDeflater(level: number): Deflater {
  const isal = load()
  if (isal === null) throw new Error('ISA-L is not there: isalFound() was not asked')
  // a stored fallback adds 5 bytes for each 64 KiB, the flush some more
  const output = Buffer.alloc(chunkMax + (chunkMax >> 8) + 1024)
  const work = Buffer.alloc(1 << 20)
  const stream = Buffer.alloc(1 << 18)
  const outputAddress = addressOf(isal, output)
  const workAddress = addressOf(isal, work)
  isal.init(stream)
  let lastMemory: ArrayBufferLike | undefined
  let lastAddress = 0n

  return {
    number: codecNumbers.isal,
    deflate(raw) {
      if (raw.length > chunkMax) throw new Error(`a chunk of ${raw.length} bytes is too long`)
      if (raw.buffer !== lastMemory) {
        lastMemory = raw.buffer
        lastAddress = isal.address(new Uint8Array(raw.buffer))
      }
      // struct isal_zstream: next_in, avail_in, total_in, next_out, avail_out, total_out, hufftables (by init), level,
      // level_buf_size, level_buf, end_of_stream, flush, gzip_flag, hist_bits
      stream.writeBigUInt64LE(lastAddress + BigInt(raw.byteOffset), 0)
      stream.writeUInt32LE(raw.length, 8)
      stream.writeUInt32LE(0, 12)
      stream.writeBigUInt64LE(outputAddress, 16)
      stream.writeUInt32LE(output.length, 24)
      stream.writeUInt32LE(0, 28)
      stream.writeUInt32LE(level, 40)
      stream.writeUInt32LE(work.length, 44)
      stream.writeBigUInt64LE(workAddress, 48)
      stream.writeUInt16LE(0, 56)
      stream.writeUInt16LE(fullFlush, 58)
      stream.writeUInt32LE(0, 60)
      const result: unknown = isal.deflate(stream)
      if (result !== 0) throw new Error(`isal_deflate_stateless gave ${String(result)}`)
      return output.subarray(0, stream.readUInt32LE(28))
    },
  }
}

const fullFlush = 2

function addressOf(isal: Library, bytes: Uint8Array): bigint {
  return isal.address(new Uint8Array(bytes.buffer)) + BigInt(bytes.byteOffset)
}

function load(): Library | null {
  if (library !== undefined) return library
  library = null
  try {
    // an optional dependency: the package may be absent, and so may the library
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const handle = koffi.load('libisal.so.2')
    library = {
      address: (value) => BigInt(koffi.address(value)),
      init: handle.func('void isal_deflate_stateless_init(void*)'),
      deflate: handle.func('int isal_deflate_stateless(void*)'),
    }
  } catch {
    // not found is an answer here, whatever the loader says about it
  }
  return library
}
