import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { writeBytes } from '../base/writeBytes.ts'
import { cgiParams, type CgiScript } from '../runtime/fastcgi/params.ts'
import type { PhpAnswer, PhpPool } from '../runtime/types.ts'
import { holdBody } from './holdBody.ts'

export interface PhpTarget {
  pool: PhpPool
  script: CgiScript
  target: string
  isHttps: boolean
  /** Where large bodies wait */
  bodies: string
}

/**
 * Lets PHP answer. A visitor who goes ends nothing: PHP's answer is then read and dropped, so that a script which has begun to
 * change something comes to its end.
 *
 * @throws {Failure} PHP_FAILED as long as nothing was sent
 */
export async function passToPhp(
  request: IncomingMessage,
  response: ServerResponse,
  { pool, script, target, isHttps, bodies }: PhpTarget,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const body = await holdBody(request, bodies)
  if (body === null) return
  try {
    const cgi = {
      method: request.method ?? 'GET',
      target,
      host: request.headers.host ?? '',
      isHttps,
      headers: pairs(request.rawHeaders),
      bodyBytes: body.lengthBytes,
      remoteAddress: request.socket.remoteAddress ?? '',
      ...(request.socket.remotePort === undefined ? {} : { remotePort: request.socket.remotePort }),
    }
    const answer = await pool.request({ params: cgiParams(cgi, script), body: body.stream })
    await passOn(answer, request, response, headers)
  } finally {
    await body.release()
  }
}

async function passOn(
  answer: PhpAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const hasNoBody = request.method === 'HEAD' || answer.status === 204 || answer.status === 304
  const promised = promisedBytes(answer)
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
  for (const [name, value] of answer.headers) {
    if (name !== 'content-length') response.appendHeader(name, value)
  }
  if (promised !== null) response.setHeader('content-length', promised)
  response.statusCode = answer.status
  let sent = 0
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      sent += piece.length
      if (hasNoBody || (promised !== null && sent > promised)) continue
      await writeBytes(response, piece)
    }
  } catch {
    response.destroy() // what was sent must not look whole
    return
  }
  // the connection may be a proxy's, shared with visitors of other sites: what is not as long as promised ends it
  if (hasNoBody || promised === null || sent === promised) response.end()
  else response.destroy()
}

/** Null unless there is exactly one length, and it is one. */
function promisedBytes({ headers }: PhpAnswer): number | null {
  const lengths = headers.filter(([name]) => name === 'content-length')
  const text = lengths.length === 1 ? lengths[0]?.[1] : undefined
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? ''])
}
