import { Failure } from '../base/failure.ts'
import { errors } from '../contract/errors.ts'

/** Words a failure of the server for the person at the terminal, and gives the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof Failure) {
    process.stderr.write(`cairn: ${error.message} (${error.code})\n`)
    if (error.hint !== undefined) process.stderr.write(`cairn: ${error.hint}\n`)
    return errors[error.code].exit
  }
  process.stderr.write(
    `cairn: this is a mistake in Cairn, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
  )
  return 1
}
