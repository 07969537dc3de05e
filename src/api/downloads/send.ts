import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const cutAfterMs = 1000

/** sent: every byte was handed to the system; left: the client went away; broken: the source failed, so the connection was cut. */
export type SendEnd = { kind: 'sent' | 'left'; sentBytes: number } | { kind: 'broken'; sentBytes: number; error: unknown }

/**
 * Sends exactly `lengthBytes`, no faster than the client takes them. When the source fails or gives another length, the
 * connection is reset: a short body with a clean end would be taken for the whole. A client that takes nothing for `stallMs` is
 * let go.
 */
export async function sendBody(
  response: ServerResponse,
  parts: AsyncIterator<Buffer>,
  first: IteratorResult<Buffer>,
  options: { lengthBytes: number; stallMs: number },
): Promise<SendEnd> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.setTimeout(options.stallMs, () => response.destroy())
  let sentBytes = 0
  try {
    for (let part = first; part.done !== true; part = await parts.next()) {
      if (gone.signal.aborted) return { kind: 'left', sentBytes }
      if (sentBytes + part.value.length > options.lengthBytes) throw new Error('the archive gives more bytes than it should have')
      sentBytes += part.value.length
      if (!response.write(part.value)) await once(response, 'drain', { signal: gone.signal })
    }
    if (sentBytes < options.lengthBytes) throw new Error('the archive ended before its length')
    response.end()
    await once(response, 'finish', { signal: gone.signal })
    return { kind: 'sent', sentBytes }
  } catch (error) {
    if (gone.signal.aborted) return { kind: 'left', sentBytes }
    await cut(response, gone.signal)
    return { kind: 'broken', sentBytes, error }
  } finally {
    await parts.return?.()
  }
}

/**
 * A reset throws away what the client's kernel has not handed over yet, the head included, so it comes a moment later: each try
 * of a client that resumes gets further.
 */
async function cut(response: ServerResponse, gone: AbortSignal): Promise<void> {
  await Promise.race([sleep(cutAfterMs), once(gone, 'abort')])
  if (response.socket === null) response.destroy()
  else response.socket.resetAndDestroy()
}
