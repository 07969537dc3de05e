import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { keys } from '../server/configuration.ts'
import { exitCodes } from './command.ts'
import { makeProgram } from './program.ts'
import { systemTerminal } from './terminal.ts'

const docs = join(import.meta.dirname, '../../docs')
const program = makeProgram(
  async () => {},
  {},
  () => {},
  systemTerminal(),
)

/** `CAIRN_UPDATE=1 npm test` writes the page anew. */
test('docs/command-line.md lists every command with its options, examples and the exit codes', () => {
  const page = join(docs, 'command-line.md')
  const text = `# The command line

Written by a test from the help of the commands. \`cairn COMMAND --help\` prints the same.

\`backup:create\` may also be written \`backup create\`. Results go to stdout, all else (progress, warnings, questions) to stderr. The
commands talk to a server, which is started with \`cairn server\`.

## Exit codes

| code | means |
|---|---|
${exitCodes.map(([code, means]) => row(String(code), means)).join('\n')}

A code that is not listed is a failure. [errors.md](errors.md) says which failure ends with which code.

## Options of every command

${optionTable(program)}

| variable | |
|---|---|
${row('`CAIRN_URL`', 'the server; default `http://127.0.0.1:7070`')}
${row('`CAIRN_DATA`', 'the data directory of a server on this machine, which holds the machine token of its owner')}
${row('`CAIRN_TOKEN`', 'a machine token')}
${row('`CAIRN_SITE`, `CAIRN_ENV`', 'what a command works on when SITE.ENV is left out')}
${row('`CAIRN_DB_PASSWORD`', 'the password for `site:attach`')}
${row('`NO_COLOR`', 'no colors')}

${groups().join('\n\n')}
`
  if (process.env['CAIRN_UPDATE'] === '1') writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

test('docs/install.md lists every configuration key with its flag and variable', () => {
  const text = readFileSync(join(docs, 'install.md'), 'utf8')
  const listed = [...text.matchAll(/^\| `(\w+)` \| `--([\w-]+)` \| `(\w+)` \|/gm)].map(([, key, flag, variable]) => ({
    key,
    flag,
    variable,
  }))
  const wanted = Object.entries(keys).map(([key, { variable }]) => ({ key, flag: kebab(key), variable }))
  expect(listed).toEqual(wanted)
})

function groups(): string[] {
  const byGroup = Map.groupBy(program.commands, (command) => command.helpGroup().replace(/:$/, ''))
  return [...byGroup].map(([title, commands]) => [`## ${title}`, ...commands.map(section)].join('\n\n'))
}

function section(command: CommandUnknownOpts): string {
  const [says = '', examples = ''] = command.description().split('\n\nExamples:\n')
  const usage = [command.name(), ...command.registeredArguments.map(argumentUsage)].join(' ')
  const also = command.aliases().map((alias) => ` Also \`${alias}\`.`)
  const parts = [`### \`cairn ${usage}\``, `${`${says}.`.replace(/\.\.$/, '.')}${also.join('')}`]
  if (command.options.length > 0 || command.registeredArguments.length > 0) parts.push(optionTable(command))
  parts.push(`\`\`\`\n${examples.replaceAll(/^ {2}/gm, '')}\n\`\`\``)
  return parts.join('\n\n')
}

function optionTable(command: CommandUnknownOpts): string {
  const rows = [
    ...command.registeredArguments.map((argument) => row(`\`${argument.name()}\``, argument.description + choices(argument))),
    ...command.options.map((option) => row(`\`${option.flags}\``, option.description + choices(option))),
  ]
  return ['| argument or option | |', '|---|---|', ...rows].join('\n')
}

function choices({ argChoices }: { argChoices?: string[] | undefined }): string {
  return argChoices === undefined ? '' : `: ${argChoices.join(', ')}`
}

function argumentUsage(argument: CommandUnknownOpts['registeredArguments'][number]): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

const row = (name: string, says: string): string => `| ${name.replaceAll('|', '\\|')} | ${says.replaceAll('|', '\\|')} |`
const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
