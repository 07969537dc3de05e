import type { Writable } from 'node:stream'

/** Writes, and waits until more can be taken. @returns false once the other side is closed */
export async function writeBytes(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return false
  if (stream.write(bytes)) return true
  await new Promise<void>((resolve) => {
    const events = ['drain', 'close', 'error']
    const done = (): void => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
  return !stream.destroyed
}
