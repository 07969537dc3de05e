import { Command } from '@commander-js/extra-typings'
import type { Context } from './context.ts'
import type { Outcome } from './output/data.ts'

/** Runs the body of a command with its context; printing and exit code are the caller's. */
export type Invoke = (work: (context: Context) => Promise<Outcome>) => Promise<void>

/** The exit codes, as every help shows them. An unknown code means failure. */
export const exitCodes: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'wrong usage, or refused before anything was changed'],
  [3, 'done with warnings'],
  [4, 'not found'],
  [5, 'not allowed, or login needed'],
  [6, 'confirmation needed'],
  [7, 'busy: another workflow has the environment'],
  [8, 'integrity check failed'],
  [9, 'time to wait is over, the workflow still runs'],
  [130, 'interrupted'],
]

export const exitCodesText = `
Exit codes:
${exitCodes.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n')}`

export interface CommandText {
  /** One line for the list of commands */
  summary: string
  /** Sentences for the command's own help; the summary when left out */
  description?: string
  /** Command lines without `cairn`, and what each does */
  examples: readonly (readonly [string, string])[]
}

/** A command whose help begins with examples and ends with the exit codes. */
export function makeCommand(name: string, text: CommandText): Command {
  const examples = text.examples.map(([line, says]) => `  # ${says}\n  $ cairn ${line}`)
  return new Command(name)
    .summary(text.summary)
    .description(`${text.description ?? text.summary}\n\nExamples:\n${examples.join('\n')}`)
    .addHelpText('after', exitCodesText)
    .allowExcessArguments(false)
}
