import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { Failure } from '../../base/failure.ts'
import type { Target } from './target.ts'

/** Worth another attempt. */
export class Passing extends Error {}

export type Answer =
  | { kind: 'complete' }
  /** Bytes from here on; `validator` is what a later request may go on by */
  | { kind: 'bytes'; from: number; sizeBytes: number | null; validator: string | null }

/**
 * What the head of an answer means.
 *
 * @param asked what the range was asked for with, or null when the whole was asked for
 * @throws {Failure} FETCH_FAILED for good; {Passing} for what may change
 */
export function judgeAnswer(
  response: IncomingMessage,
  target: Target,
  asked: { offset: number; sizeBytes: number | null } | null,
): Answer {
  const status = response.statusCode ?? 0
  const validator = validatorOf(response)
  if (status === 200) return { kind: 'bytes', from: 0, sizeBytes: lengthOf(response), validator }
  if (status === 206 && asked !== null) {
    const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? []
    const sizeBytes = total === undefined || total === '*' ? null : Number(total)
    const fits = Number(from) === asked.offset && Number(to) >= asked.offset && sizeBytes === asked.sizeBytes
    if (!fits) throw failed(target, 'it answers with another part than was asked for')
    return { kind: 'bytes', from: asked.offset, sizeBytes, validator }
  }
  if (status === 416 && asked !== null && asked.offset === asked.sizeBytes) return { kind: 'complete' }
  if ([408, 425, 429].includes(status) || status >= 500) throw new Passing(`the server answers ${named(status)}`)
  throw failed(target, words[status] ?? `the server answers ${named(status)}`, hints[status])
}

const words: Partial<Record<number, string>> = {
  401: 'the server asks for a password (401 Unauthorized)',
  403: 'the server does not give it out (403 Forbidden)',
  404: 'there is no file (404 Not Found)',
  410: 'the file is no longer there (410 Gone)',
}
const hints: Partial<Record<number, string>> = {
  403: 'Has the link expired? Make a new one',
  404: 'Look whether the whole address was copied',
  401: 'Use a link that needs no password, or upload the file',
}

function failed(target: Target, found: string, hint?: string): Failure {
  return new Failure('FETCH_FAILED', `Cannot fetch ${target.shown}: ${found}`, hint === undefined ? {} : { hint })
}

function named(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim()
}

function lengthOf(response: IncomingMessage): number | null {
  const text = response.headers['content-length']
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** A strong entity tag, else the time of the last change. */
function validatorOf({ headers }: IncomingMessage): string | null {
  if (headers['accept-ranges']?.toLowerCase() === 'none') return null
  const { etag } = headers
  if (etag !== undefined && /^"[^"]*"$/.test(etag)) return etag
  return headers['last-modified'] ?? null
}
