import { type ErrorCode, errors } from '../contract/errors.ts'

/** never: the same call fails again; later: it may succeed by itself; after-repair: somebody must mend something first. */
export type Retry = 'never' | 'later' | 'after-repair'

interface FailureOptions {
  hint?: string
  retry?: Retry
  cause?: unknown
  /** Facts for programs, shown in problem+json; never a secret */
  details?: Record<string, unknown>
}

/**
 * The one class for what goes wrong outside our code. Worded `Cannot <action>: <what was found>`, values quoted, no secret,
 * no full stop. Any other error is a mistake of ours and is shown as one.
 */
export class Failure extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly retry: Retry
  readonly details: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.code = code
    this.hint = options.hint
    this.retry = options.retry ?? 'never'
    this.details = options.details
  }

  get status(): number {
    return errors[this.code].status
  }
}

/** A failure as plain data: what a workflow row keeps and what crosses threads. */
export interface FailureRecord {
  code: ErrorCode
  message: string
  hint: string | null
  retry: Retry
}

export function failureRecord(error: unknown): FailureRecord {
  if (error instanceof Failure) {
    return { code: error.code, message: error.message, hint: error.hint ?? null, retry: error.retry }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL', message, hint: 'This is a mistake in Cairn: please report it with the log', retry: 'never' }
}

export function failureFrom(record: FailureRecord): Failure {
  return new Failure(record.code, record.message, {
    retry: record.retry,
    ...(record.hint === null ? {} : { hint: record.hint }),
  })
}

/**
 * True for the errno codes named, e.g. `isErrno(error, 'ENOENT', 'ENOTDIR')`: catch what is expected, never everything. Without
 * codes for whatever the operating system refused.
 */
export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('code' in error)) return false
  return codes.length === 0 ? 'errno' in error : codes.includes(String(error.code))
}

export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
