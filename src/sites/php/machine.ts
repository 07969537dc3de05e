import type { PhpState } from './state.ts'
import type { Expression } from './syntax.ts'
import type { PhpValue } from './values.ts'

/** The environment variables that the site's PHP sees; null where nobody told us, and then each one asked for is not known. */
export type PhpEnvironment = Readonly<Record<string, string>> | null

/** Where a piece of PHP runs: what it may see, and what the evaluation has cost so far. */
export interface Machine {
  readonly environment: PhpEnvironment
  /** A request's `$_SERVER` as far as the site's address tells it */
  readonly server: Readonly<Record<string, string>>
  readonly files: PhpFiles
  state: PhpState
  /** The file that runs now, absolute */
  file: string
  /** Names of environment variables that were asked for and not known */
  readonly asked: Set<string>
  /** Files that were read, absolute, in order */
  readonly read: string[]
  /** What was passed over, in words with the line */
  readonly notes: string[]
  /** Counted down by each expression; a script that takes more is not a configuration */
  stepsLeft: number
  depth: number
  evaluate(expression: Expression): PhpValue
  include(path: string, once: boolean, line: number): PhpValue
}

/** The part of the file system that PHP may ask about. */
export interface PhpFiles {
  /** Null when there is no such file, or it is no ordinary one, or too large */
  readText(path: string): string | null
  /** Readable by `file_get_contents()`: nothing outside of the site but mounted secrets */
  mayReveal(path: string): boolean
  exists(path: string): 'file' | 'directory' | null
}

/** Thrown by `exit`: the script ends here. */
export class PhpExit extends Error {}
