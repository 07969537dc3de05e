import type { IncomingMessage } from 'node:http'
import { Failure } from '../base/failure.ts'
import { type ErrorCode, errors } from '../contract/errors.ts'
import type { Problem } from '../contract/schemas.ts'
import { readText, send } from './send.ts'

type Query = Record<string, string | number | boolean | undefined>

/** The server's `/v1`, as the commands use it. Every method throws a `Failure` for a problem that the server words. */
export interface Client {
  readonly url: URL
  /** What proves who asks, for protocols beside this one */
  authorization(): Record<string, string>
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>
  post<T>(path: string, body?: object): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete<T>(path: string, query?: Query): Promise<T>
}

interface Tokens {
  /** Says what to do when there is none and one was needed */
  whereToLook?: () => string
  /** Says where the one that is used came from */
  whence?: () => string | null
}

/** The token is asked for at the first request, so that commands which need none work without one. */
export function openClient(url: URL, token: () => string | null, tokens: Tokens = {}): Client {
  async function call<T>(method: string, path: string, query: Query, body: object | undefined, signal?: AbortSignal): Promise<T> {
    const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, String(value))
    const bearer = token()
    const answer = await send({
      method,
      url: target,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      return await read<T>(answer, url)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'NOT_SIGNED_IN') throw error
      if (bearer !== null) throw refusedToken(url, tokens.whence?.() ?? null, error)
      throw tokens.whereToLook === undefined
        ? error
        : new Failure('NOT_SIGNED_IN', error.message, { hint: tokens.whereToLook(), cause: error })
    }
  }
  return {
    url,
    authorization() {
      const bearer = token()
      return bearer === null ? {} : { authorization: `Bearer ${bearer}` }
    },
    get: (path, query = {}, signal) => call('GET', path, query, undefined, signal),
    post: (path, body = {}) => call('POST', path, {}, body),
    patch: (path, body) => call('PATCH', path, {}, body),
    delete: (path, query = {}) => call('DELETE', path, query, undefined),
  }
}

/** The server says the same with and without a token: it knows only that none was good. */
function refusedToken(url: URL, whence: string | null, cause: Failure): Failure {
  return new Failure(
    'NOT_SIGNED_IN',
    `Cannot go on at "${url.origin}": it does not take the machine token${whence === null ? '' : ` ${whence}`}`,
    {
      hint: 'It was revoked, has ended, or is of another server. Make one there ("cairn machine-token:create", or the dashboard), and give it to "cairn auth:login --machine-token"',
      cause,
    },
  )
}

/** `path\`/v1/sites/${site}\``: every value is encoded, so a name never becomes another path. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.map((part, i) => part + (i < values.length ? encodeURIComponent(values[i] as string) : '')).join('')
}

async function read<T>(answer: IncomingMessage, url: URL): Promise<T> {
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400) {
    answer.resume()
    throw new Failure('SERVER_UNREACHABLE', `Cannot use "${url.origin}": it redirects to "${answer.headers.location ?? ''}"`, {
      hint: 'Set CAIRN_URL to the address where Cairn itself answers',
    })
  }
  const text = await readText(answer)
  if (status === 204) return undefined as T
  const parsed = parseJson(text)
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed as T
  const worded = readProblem(text, status)
  if (worded !== null) throw worded
  throw new Failure(
    'SERVER_UNREACHABLE',
    `Cannot understand the answer of "${url.origin}": HTTP ${status} without a Cairn message`,
    {
      hint: 'Check that CAIRN_URL names a Cairn server, and what a proxy before it says',
    },
  )
}

/** What a server said is wrong, out of the text of its answer; null where that is no problem document. */
export function readProblem(text: string, status: number): Failure | null {
  const parsed = parseJson(text)
  return isProblem(parsed) ? problemFailure(parsed, status) : null
}

/** A code that this client does not know (a newer server) counts as a plain failure, with the server's own words. */
function problemFailure(problem: Problem, status: number): Failure {
  const known = Object.hasOwn(errors, problem.code)
  const code: ErrorCode = known
    ? (problem.code as ErrorCode)
    : status === 401
      ? 'NOT_SIGNED_IN'
      : status === 403
        ? 'NOT_ALLOWED'
        : 'INTERNAL'
  return new Failure(code, known ? problem.detail : `${problem.detail} (${problem.code})`, {
    ...(problem.hint === null || problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.details === undefined ? {} : { details: problem.details }),
  })
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value && typeof value.detail === 'string'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
