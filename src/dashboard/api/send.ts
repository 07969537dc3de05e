import type { Problem } from '../../contract/schemas.ts'
import { takeEarly } from './early.ts'

/** What the server said no to, in its words: they are made for people. */
export class Refusal extends Error {
  readonly code: string
  readonly hint: string | null
  readonly status: number

  constructor({ code, detail, hint, status }: Pick<Problem, 'code' | 'detail' | 'hint' | 'status'>) {
    super(detail)
    this.name = 'Refusal'
    this.code = code
    this.hint = hint
    this.status = status
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** One request to the interface that programs use too; the session's cookie goes along by itself. @throws {Refusal} */
export async function send<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, headers: { accept: 'application/json' } }
  if (signal !== undefined) init.signal = signal
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
  }
  const early = await takeEarly(method, path)
  const answer =
    early ??
    (await fetch(path, init).catch((error: unknown) => {
      if (signal?.aborted === true) throw error
      throw unreachable()
    }))
  if (answer.ok) return (answer.status === 204 ? null : await answer.json()) as T
  throw new Refusal(await readProblem(answer))
}

/** `path('/v1/sites/:site', { site })`, with every value made safe for an address */
export function path(template: string, values: Record<string, string>): string {
  return template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
}

export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new Refusal({ code: 'INTERNAL', detail, hint: 'Load the page again; if it stays, please report it', status: 0 })
}

function unreachable(): Refusal {
  return new Refusal({
    code: 'SERVER_UNREACHABLE',
    detail: 'Cairn does not answer',
    hint: 'The connection is lost, or the server is being restarted. This page goes on by itself when it is back',
    status: 0,
  })
}

async function readProblem(answer: Response): Promise<Pick<Problem, 'code' | 'detail' | 'hint' | 'status'>> {
  const text = await answer.text()
  try {
    const problem = JSON.parse(text) as Problem
    if (typeof problem.detail === 'string') return problem
  } catch {
    // a proxy's page, not our words
  }
  const { status } = answer
  return { code: 'SERVER_UNREACHABLE', detail: `Cairn could not be asked: the answer was HTTP ${status}`, hint: null, status }
}
