import { deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'

/** What `info: true` gives, which @types/node does not know. */
interface WithEngine {
  buffer: Buffer
  engine: { bytesWritten: number; _outBuffer: Buffer | null }
}

type WithInfo = (bytes: Uint8Array, options: ZlibOptions) => WithEngine

/**
 * The synchronous calls of zlib, without what they leave behind: the engine keeps its output until a major collection,
 * which held 70 MB in every thread; let go here, a minor one is enough. Also says how much of the input was consumed.
 */
export function deflateRaw(bytes: Uint8Array, options: ZlibOptions): Buffer {
  return letGo((deflateRawSync as unknown as WithInfo)(bytes, { ...options, info: true })).buffer
}

export function inflateRaw(bytes: Uint8Array, options: ZlibOptions): { buffer: Buffer; consumed: number } {
  const result = letGo((inflateRawSync as unknown as WithInfo)(bytes, { ...options, info: true }))
  return { buffer: result.buffer, consumed: result.engine.bytesWritten }
}

function letGo(result: WithEngine): WithEngine {
  result.engine._outBuffer = null // a private field: where a later Node has none, this does nothing
  return result
}
