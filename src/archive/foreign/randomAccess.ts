import { type FileHandle, open } from 'node:fs/promises'

/** Bytes that can be read in any order. */
export interface RandomAccess {
  sizeBytes: number
  /** Fewer bytes than asked for at the end */
  read(position: number, bytes: number): Promise<Buffer>
  close(): Promise<void>
}

export async function openFileAccess(path: string): Promise<RandomAccess> {
  const handle = await open(path, 'r')
  return {
    sizeBytes: (await handle.stat()).size,
    read: (position, bytes) => readAt(handle, position, bytes),
    close: () => handle.close(),
  }
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  let done = 0
  while (done < bytes) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}

const pieceBytes = 256 << 10

/** From `position` on; as many bytes as there are when `bytes` is left out. */
export async function* streamOf(
  access: RandomAccess,
  position = 0,
  bytes: number = access.sizeBytes - position,
): AsyncGenerator<Buffer, void, undefined> {
  for (let done = 0; done < bytes;) {
    const part = await access.read(position + done, Math.min(pieceBytes, bytes - done))
    if (part.length === 0) return
    done += part.length
    yield part
  }
}
