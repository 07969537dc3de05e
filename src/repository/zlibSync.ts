import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'

/** How one stream went through an engine. */
export interface RawResult {
  /** Bytes put into `to`; where that is full, there may be more of them */
  written: number
  /** Bytes of the input that belong to the stream, as far as it was read */
  consumed: number
}

/**
 * Raw deflate or inflate of one whole stream, from memory into memory, synchronously.
 *
 * @throws {Error} when the input is no such stream, or with Z_FINISH, when it has no end and `to` has room left
 */
export type RawEngine = (bytes: Uint8Array, to: Uint8Array, flush: number) => RawResult

/** Its results begin a fresh window each. */
export function rawDeflater(level: number): RawEngine {
  return again(createDeflateRaw({ level, chunkSize: leastChunk })) ?? afresh(deflateRawSync, { level })
}

export function rawInflater(): RawEngine {
  return again(createInflateRaw({ chunkSize: leastChunk })) ?? afresh(inflateRawSync, {})
}

const leastChunk = 64

/** What a stream of Node's zlib is made of; no interface, so that what is there is looked at first. */
interface Inside {
  _handle?: {
    reset?(): void
    writeSync?(flush: number, from: Uint8Array, at: number, bytes: number, to: Uint8Array, toAt: number, toBytes: number): void
  }
  /** Bytes left in `to` and in `from` */
  _writeState?: unknown
}

/**
 * One engine for all calls: a new one for each took a sixth of the time of deflating a chunk of 64 KiB, and left its output
 * to the garbage collector. Null where this Node does not hold what it takes.
 */
export function again(stream: object): RawEngine | null {
  const { _handle: handle, _writeState: left } = stream as Inside
  if (handle === undefined || typeof handle.reset !== 'function' || typeof handle.writeSync !== 'function') return null
  if (!(left instanceof Uint32Array) || left.length !== 2) return null
  let fault: string | null = null
  Object.assign(handle, { onerror: (message: string) => void (fault = message) })
  return (bytes, to, flush) => {
    fault = null
    handle.reset?.()
    handle.writeSync?.(flush, bytes, 0, bytes.length, to, 0, to.length)
    if (fault !== null) throw new Error(`zlib: ${String(fault)}`)
    return { written: to.length - (left[0] as number), consumed: bytes.length - (left[1] as number) }
  }
}

type WithInfo = (bytes: Uint8Array, options: ZlibOptions) => { buffer: Buffer; engine: { bytesWritten: number } }

/** The same by the synchronous calls that Node documents. */
export function afresh(call: typeof deflateRawSync, options: ZlibOptions): RawEngine {
  const withInfo = call as unknown as WithInfo // @types/node does not know `info`
  return (bytes, to, flush) => {
    const limits = { finishFlush: flush, chunkSize: Math.max(leastChunk, to.length), maxOutputLength: Math.max(1, to.length) }
    const { buffer, engine } = withInfo(bytes, { ...options, ...limits, info: true } as ZlibOptions)
    to.set(buffer)
    return { written: buffer.length, consumed: engine.bytesWritten }
  }
}

export const { Z_FINISH: toTheEnd, Z_SYNC_FLUSH: toAByte } = constants
