import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'minor' }) => void

let collect: Collect | null | undefined
let pendingBytes = 0

/** What may pile up between two collections. */
const pileBytes = 8 << 20

/**
 * Says that buffers of so many bytes were made and dropped. Inflating, sealing and reading make large buffers outside of
 * the heap with hardly an object inside of it: left alone, a thread keeps 64 MB and more of them until V8 looks. A minor
 * collection of a young generation of 3 MB takes a fraction of a millisecond.
 */
export function droppedBytes(bytes: number): void {
  pendingBytes += bytes
  if (pendingBytes < pileBytes) return
  pendingBytes = 0
  collect ??= findCollect()
  collect?.({ type: 'minor' })
}

function findCollect(): Collect | null {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : null')
  return found as Collect | null
}
