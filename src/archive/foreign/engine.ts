import type { Gunzip, InflateRaw } from 'node:zlib'
import type { ByteSource } from './types.ts'

/** How far the writing into a decompressor is. */
export interface Feeding {
  inBytes: number
  /** The decompressor has seen the end of its data */
  ended: boolean
  error: { cause: unknown } | null
}

/**
 * What a decompressor makes of a source, with bounded memory.
 *
 * @param onRest called with what follows behind the end of the compressed data
 * @param worded what to throw for an error of the decompressor; errors of the source come through as they are
 */
export async function* decompress(
  source: ByteSource,
  engine: Gunzip | InflateRaw,
  feeding: Feeding,
  onRest: (rest: Uint8Array) => void,
  worded: (error: unknown) => unknown,
): AsyncGenerator<Buffer, void, undefined> {
  engine.once('end', () => (feeding.ended = true))
  const fed = feed(source, engine, feeding, onRest)
  try {
    yield* engine as AsyncIterable<Buffer>
    await fed
  } catch (error) {
    if (feeding.error === null) throw worded(error)
  } finally {
    engine.destroy()
    await fed
  }
  if (feeding.error !== null) throw feeding.error.cause
}

/** Never rejects; its error stands in `feeding`. */
async function feed(
  source: ByteSource,
  engine: Gunzip | InflateRaw,
  feeding: Feeding,
  onRest: (rest: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const piece of source) {
      if (engine.destroyed && !feeding.ended) return
      const before = feeding.inBytes
      feeding.inBytes += piece.length
      if (!feeding.ended && !engine.write(piece)) await taken(engine)
      if (feeding.ended) onRest(piece.subarray(Math.max(0, engine.bytesWritten - before))) // the end came in this piece or before it
    }
    engine.end()
  } catch (cause) {
    feeding.error = { cause }
    engine.destroy(cause instanceof Error ? cause : new Error(String(cause)))
  }
}

const events = ['drain', 'end', 'close', 'error'] as const

function taken(engine: Gunzip | InflateRaw): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) engine.off(event, done)
      resolve()
    }
    for (const event of events) engine.once(event, done)
  })
}
