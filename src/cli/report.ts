import { Failure } from '../base/failure.ts'
import { errors } from '../contract/errors.ts'
import { safeText } from './output/human.ts'
import type { Terminal } from './terminal.ts'

/** Words a failure on stderr (one JSON object there with `--format=json`) and gives its exit code. */
export function reportFailure(terminal: Terminal, error: unknown, asJson: boolean): number {
  if (!(error instanceof Failure)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    terminal.err(`cairn: this is a mistake in Cairn, please report it: ${text}\n`)
    return errors.INTERNAL.exit
  }
  const { exit } = errors[error.code]
  const hint = error.hint ?? null
  if (asJson) {
    terminal.err(`${JSON.stringify({ code: error.code, message: error.message, hint, exit })}\n`)
    return exit
  }
  terminal.err(`cairn: ${safeText(error.message)} (${error.code})\n`)
  for (const line of hint?.split('\n') ?? []) terminal.err(`cairn: ${safeText(line)}\n`)
  return exit
}
