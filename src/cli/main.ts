import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { Failure } from '../base/failure.ts'
import { nearest } from '../base/nearest.ts'
import { Interrupted } from './ask.ts'
import type { Invoke } from './command.ts'
import type { ServerHooks } from './commands/server.ts'
import { type Context, type Flags, makeContext } from './context.ts'
import { interruptedExit } from './follow.ts'
import type { Outcome } from './output/data.ts'
import { render } from './output/render.ts'
import { commandNames, groupHelp, makeProgram, optionNames, readFlags } from './program.ts'
import { reportFailure } from './report.ts'
import { systemTerminal, type Terminal } from './terminal.ts'
import { joinCommand, nextWord } from './words.ts'

/**
 * Runs one command line (without `node` and the program) and gives its exit code. The only place that prints: data on stdout,
 * everything else on stderr. Never throws for what a person or a server did wrong.
 */
export async function runCommandLine(
  argv: string[],
  hooks: ServerHooks = {},
  terminal: Terminal = systemTerminal(),
): Promise<number> {
  let exit = 0
  // Known before the arguments are parsed, so that their own failure is told in the same way
  let asJson = argv.includes('--json') || argv.includes('--format=json')
  const setExit = (code: number): void => void (exit = code)
  const invoke: Invoke = async (work) => {
    const flags = readFlags(program)
    asJson = flags.format === 'json'
    refuseContradictions(flags)
    const context = makeContext(terminal, flags)
    setExit(await print(context, await work(context)))
  }
  const program = makeProgram(invoke, hooks, setExit, terminal)
  try {
    const words = prepare(argv, commandNames(program))
    const group = helpedGroup(words, commandNames(program))
    if (group !== null) terminal.out(groupHelp(program, group))
    else await program.parseAsync(words, { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : reportFailure(terminal, usageFailure(error, program, argv), asJson)
    }
    if (error instanceof Interrupted) {
      terminal.err(`cairn: ${error.message}\n`)
      return interruptedExit
    }
    return reportFailure(terminal, error, asJson)
  }
}

async function print(context: Context, { data, exit = 0 }: Outcome): Promise<number> {
  if (data === undefined) return exit
  const { format, fields, field } = context.flags
  context.terminal.out(await render(data, { format, fields, field, color: context.colorOut }))
  if (data.kind === 'rows' && data.rows.length === 0) context.say(data.empty)
  return exit
}

/** Nothing at all asks for help; a topic alone (`cairn backup`) names its commands. */
function prepare(argv: string[], names: string[]): string[] {
  if (argv.length === 0) return ['--help']
  const read = joinCommand(argv, names)
  const joined = read[0] === 'help' ? [...read.slice(1), '--help'] : read
  const [first = ''] = joined
  const inside = names.filter((name) => name.startsWith(`${first}:`))
  if (joined.length > 1 || inside.length === 0) return joined
  throw new Failure('INPUT_INVALID', `Cannot run "${first}": it is a group of commands`, {
    hint: `Commands: ${inside.join(', ')}`,
  })
}

/**
 * The group of commands whose help was asked for, or null.
 *
 * @throws {Failure} INPUT_INVALID where help is asked about what there is not
 */
function helpedGroup(words: string[], names: string[]): string | null {
  const [word = ''] = words.slice(nextWord(words, 0) ?? words.length)
  if (word === '' || names.includes(word) || !words.some((one) => one === '--help' || one === '-h')) return null
  if (names.some((name) => name.startsWith(`${word}:`))) return word
  const near = nearest(word, names)
  throw new Failure('INPUT_INVALID', `Cannot help with "${word}": there is no such command`, {
    hint: `${near === null ? '' : `Did you mean "${near}"? `}"cairn --help" shows what there is`,
  })
}

function refuseContradictions(flags: Flags): void {
  if (flags.field !== null && flags.fields !== null) {
    throw new Failure('INPUT_INVALID', 'Cannot print: --field and --fields exclude each other', {
      hint: 'Use --fields for more than one',
    })
  }
  if (flags.field !== null && flags.format !== null) {
    throw new Failure('INPUT_INVALID', 'Cannot print: --field gives bare values, --format does not go with it', {
      hint: 'Use --fields with --format',
    })
  }
}

/** What commander found wrong, in our words, with the nearest right one. */
function usageFailure(error: CommanderError, program: CommandUnknownOpts, argv: string[]): Failure {
  const names = commandNames(program)
  const given = /'([^'=]+)/.exec(error.message)?.[1] ?? ''
  const command = joinCommand(argv, names).find((word) => names.includes(word))
  const known =
    error.code === 'commander.unknownCommand'
      ? names
      : error.code === 'commander.unknownOption'
        ? optionNames(program, command)
        : []
  const near = nearest(given, known)
  const help = `"cairn ${command === undefined ? '' : `${command} `}--help" shows what there is`
  return new Failure('INPUT_INVALID', `Cannot read the command line: ${error.message.replace(/^error: /, '')}`, {
    hint: near === null ? help : `Did you mean "${near}"? ${help}`,
  })
}
