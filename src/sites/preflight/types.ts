import type { Check } from '../../contract/schemas.ts'

export type { Check }

export function good(check: string, message: string): Check {
  return { check, ok: true, level: 'info', message }
}

/** Something will differ or be lacking, and a restore goes on. */
export function doubtful(check: string, message: string): Check {
  return { check, ok: false, level: 'warning', message }
}

/** A restore of this element is refused. */
export function bad(check: string, message: string): Check {
  return { check, ok: false, level: 'error', message }
}
