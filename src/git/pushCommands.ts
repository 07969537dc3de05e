import { type ByteReader, takeWhole } from './byteReader.ts'

/** One line of what a client asks a push to do. `to` is null for a deletion. */
interface PushCommand {
  ref: string
  to: string | null
}

export interface PushRequest {
  commands: PushCommand[]
  /** The bytes read so far, to be given to git before the rest */
  bytes: Buffer
}

const bytesMax = 16 << 20

/**
 * Reads the commands that a push begins with, up to the flush packet; what follows is the pack. Null when they are cut off,
 * malformed, or more than 16 MiB.
 */
export async function readPushCommands(reader: ByteReader): Promise<PushRequest | null> {
  const parts: Buffer[] = []
  const commands: PushCommand[] = []
  let length = 0
  for (;;) {
    const size = await takeWhole(reader, 4).catch(() => null)
    if (size === null) return null
    parts.push(size)
    if (!/^[0-9a-f]{4}$/i.test(size.toString())) return null
    const lineBytes = Number.parseInt(size.toString(), 16)
    if (lineBytes === 0) return { commands, bytes: Buffer.concat(parts) }
    if (lineBytes < 4 || (length += lineBytes) > bytesMax) return null
    const line = await takeWhole(reader, lineBytes - 4).catch(() => null)
    if (line === null) return null
    parts.push(line)
    const [, to = '', ref] = /^[0-9a-f]{40} ([0-9a-f]{40}) ([^\0\n]+)/.exec(line.toString()) ?? []
    if (ref?.includes('\ufffd')) return null // no UTF-8: nobody could say whether it is allowed
    if (ref !== undefined) commands.push({ ref, to: /^0+$/.test(to) ? null : to })
    else if (!/^(shallow [0-9a-f]{40}|[0-9a-f]{40} 0{40})/.test(line.toString())) return null
  }
}
