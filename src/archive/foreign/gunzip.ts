import { createGunzip } from 'node:zlib'
import { decompress, type Feeding } from './engine.ts'
import { refuse } from './refuse.ts'
import type { ByteSource, ForeignLimits } from './types.ts'

/**
 * The content of a gzip file of one or more members. Zeros may follow (tapes and copies pad), nothing else.
 *
 * @throws {Failure} ARCHIVE_DAMAGED when it is cut off, its CRC is wrong, something follows or it grows beyond reason; errors of
 * the source come through
 */
export async function* gunzip(source: ByteSource, limits: ForeignLimits): AsyncGenerator<Buffer, void, undefined> {
  const feeding: Feeding = { inBytes: 0, ended: false, error: null }
  const onlyZeros = (rest: Uint8Array): void => {
    if (rest.some((byte) => byte !== 0)) throw refuse('trailing-data', 'something follows behind its end')
  }
  let outBytes = 0
  for await (const out of decompress(source, createGunzip({ chunkSize: 128 << 10 }), feeding, onlyZeros, worded)) {
    outBytes += out.length
    checkRatio(outBytes, feeding.inBytes, limits)
    yield out
  }
}

/** @throws {Failure} ARCHIVE_DAMAGED */
export function checkRatio(outBytes: number, inBytes: number, limits: ForeignLimits): void {
  if (outBytes > limits.ratioFreeBytes && outBytes > inBytes * limits.ratioMax) {
    throw refuse('ratio', `${inBytes} bytes grow to more than ${outBytes}, which no site does`)
  }
}

function worded(error: unknown): unknown {
  const message = error instanceof Error && 'errno' in error ? error.message : null
  if (message === null) return error
  if (/unexpected end/.test(message)) return refuse('truncated', 'it is cut off', error)
  if (/incorrect (data|length) check/.test(message)) return refuse('checksum', 'its checksum is wrong', error)
  if (/header check|compression method|unknown header/.test(message)) {
    return refuse('trailing-data', 'something that is no gzip stands where gzip should', error)
  }
  return refuse('malformed', `its compressed data is damaged (${message})`, error)
}
