import { Failure } from '../base/failure.ts'

/** @throws {Failure} INPUT_INVALID for what is no name of the IANA data base */
export function requireTimeZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new Failure('INPUT_INVALID', `Cannot use the time zone "${name}": there is none of this name`, {
      hint: 'Write it as Europe/Berlin or UTC',
      cause,
    })
  }
}
