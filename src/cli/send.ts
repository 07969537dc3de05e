import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { Failure, isErrno } from '../base/failure.ts'

export interface Sending {
  method: string
  url: URL
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
}

/**
 * Sends one request and gives the answer when its head is there. Not `fetch`: that gives up on an answer after five minutes,
 * and a check that reads a whole repository takes longer. Follows no redirect, so a token reaches no other host.
 *
 * @throws {Failure} SERVER_UNREACHABLE when nobody answers, with how to start a server
 */
export function send(sending: Sending): Promise<IncomingMessage> {
  const { url, method, headers, body, signal } = sending
  const make = url.protocol === 'https:' ? secureRequest : plainRequest
  return new Promise((resolve, reject) => {
    const request = make(url, { method, headers, ...(signal === undefined ? {} : { signal }) })
    request.once('response', resolve)
    request.once('error', (error) => reject(signal?.aborted === true ? error : unreachableServer(url, error)))
    request.end(body)
  })
}

export async function readText(answer: IncomingMessage): Promise<string> {
  let text = ''
  answer.setEncoding('utf8')
  for await (const part of answer) text += part as string
  return text
}

export function unreachableServer(url: URL, cause: unknown): Failure {
  const local = isLocal(url)
  return new Failure('SERVER_UNREACHABLE', `Cannot reach a Cairn server at "${url.origin}": ${reason(cause)}`, {
    hint: local
      ? 'Start one with "cairn server" (it keeps running in that terminal), or name another one with CAIRN_URL'
      : 'Check CAIRN_URL, and that "cairn server" runs there',
    retry: 'later',
    cause,
  })
}

/** Loopback: the server is on this machine, and its token file is ours to read. */
export function isLocal(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

function reason(cause: unknown): string {
  if (isErrno(cause, 'ECONNREFUSED')) return 'nothing listens there'
  if (isErrno(cause, 'ENOTFOUND', 'EAI_AGAIN')) return 'the name is not known'
  if (isErrno(cause, 'ECONNRESET', 'EPIPE')) return 'the connection was closed'
  if (isErrno(cause, 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH')) return 'there is no way to it, or nobody answers'
  if (isErrno(cause, 'EPROTO')) return 'it does not speak TLS, and the address begins with https'
  if (isErrno(cause, 'HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION')) return 'it does not speak HTTP'
  const isCertificate = cause instanceof Error && 'code' in cause && /CERT|SELF_SIGNED|ERR_TLS/.test(String(cause.code))
  if (isCertificate) return `its certificate is not trusted (${cause.message}); NODE_EXTRA_CA_CERTS names further authorities`
  return cause instanceof Error && cause.message !== '' ? cause.message : String(cause)
}
