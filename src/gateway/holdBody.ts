import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'

export interface HeldBody {
  /** Null for a request without one */
  lengthBytes: number | null
  stream: Readable | null
  /** Closes what was opened; the space on the disk is free again */
  release(): Promise<void>
}

const inMemoryMaxBytes = 64 << 10
const silenceMaxMs = 60_000

/**
 * Takes the whole body of a request before PHP sees any of it: PHP wants to know its length, a slow visitor must not hold a
 * worker, and a body that breaks off must not run as half a form. Small ones wait in memory, others in a file without a name.
 *
 * @returns null when the visitor went before it was whole
 */
export async function holdBody(request: IncomingMessage, directory: string): Promise<HeldBody | null> {
  const { headers, socket } = request
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody) return { lengthBytes: headers['content-length'] === undefined ? null : 0, stream: null, release: async () => {} }
  let file: FileHandle | null = null
  let pieces: Buffer[] = []
  let lengthBytes = 0
  const release = async (): Promise<void> => {
    await file?.close()
    file = null
  }
  const giveUp = (): void => void request.destroy()
  socket.setTimeout(silenceMaxMs, giveUp)
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      lengthBytes += piece.length
      if (file === null && lengthBytes > inMemoryMaxBytes) {
        file = await openNameless(directory)
        for (const early of pieces) await file.appendFile(early)
        pieces = []
      }
      if (file === null) pieces.push(piece)
      else await file.appendFile(piece)
    }
    if (!request.complete) throw new Error('broken off')
  } catch {
    await release()
    return null
  } finally {
    socket.off('timeout', giveUp)
    socket.setTimeout(0)
  }
  const held = file as FileHandle | null
  const stream = held === null ? Readable.from(pieces) : held.createReadStream({ start: 0, autoClose: false })
  return { lengthBytes, stream, release }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, randomBytes(16).toString('hex'))
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
