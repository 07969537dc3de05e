import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, type CommandUnknownOpts, Help, Option } from '@commander-js/extra-typings'
import { exitCodesText, type Invoke } from './command.ts'
import { auditList } from './commands/audit.ts'
import { authLogin, authLogout, authWhoami } from './commands/auth.ts'
import { backupCreate } from './commands/backupCreate.ts'
import { backupDelete, backupRecall } from './commands/backupDelete.ts'
import { backupLock, backupNote, backupUnlock } from './commands/backupEdit.ts'
import { backupGet } from './commands/backupGet.ts'
import { backupInfo } from './commands/backupInfo.ts'
import { backupList } from './commands/backupList.ts'
import { backupRestore } from './commands/backupRestore.ts'
import { envCodeLog, envCodeReset, envCodeRevert, envDeploy } from './commands/code.ts'
import { completion } from './commands/completion.ts'
import { envCloneContent, envSearchReplace, envWipe } from './commands/content.ts'
import { importCode, importDatabase, importFiles } from './commands/import.ts'
import { machineTokenCreate, machineTokenList, machineTokenRevoke } from './commands/machineTokens.ts'
import { personDelete, personEdit, personInvite, personLink, personList, personLogout } from './commands/people.ts'
import { repositoryCheck, repositoryKey, repositoryStats } from './commands/repository.ts'
import { roleGrant, roleList, roleRevoke } from './commands/roles.ts'
import { envSetUrl, envWebserverConfig } from './commands/serving.ts'
import { siteAttach } from './commands/siteAttach.ts'
import { siteDetach } from './commands/siteDetach.ts'
import { importSite, siteCreate } from './commands/siteCreate.ts'
import { envCreate, envDelete, multidevCreate, siteDelete } from './commands/siteDelete.ts'
import { envInfo, envList, envUndo, siteInfo, siteList } from './commands/sites.ts'
import { type ServerHooks, serverCommands } from './commands/server.ts'
import { authLoginLink, sessionEnd, sessionList } from './commands/sessions.ts'
import { settingsEdit, settingsInfo } from './commands/settings.ts'
import { workflowCancel, workflowInfo, workflowList, workflowWait, workflowWatch } from './commands/workflows.ts'
import type { CompletionWords } from './completion.ts'
import type { Flags } from './context.ts'
import { formats } from './output/render.ts'
import type { Terminal } from './terminal.ts'

const introduction = `Backs up Drupal and WordPress sites, brings them back, and runs them.

Examples:
  $ cairn server                                  (in a terminal of its own)
  $ cairn site:attach blog.live --path=/var/www/blog
  $ cairn backup:create blog.live
  $ cairn backup:get blog.live --element=files --to=.
  $ cairn backup:restore blog.live
  $ cairn site:create shop --from-backup=ID       (a site that Cairn runs)`

const variables = `
Variables: CAIRN_URL (the server, default http://127.0.0.1:7070), CAIRN_TOKEN (a machine token),
           CAIRN_SITE and CAIRN_ENV (instead of SITE.ENV), CAIRN_DB_PASSWORD, NO_COLOR`

/** So that help is one text, whether somebody reads it or a pipe takes it; a narrower terminal gets its own lines. */
const helpColumns = 80

/** Examples and tables are indented, and stay as they are: a command line that is broken cannot be copied. */
function wrapProse(this: Help, text: string, width: number): string {
  const lines = text.split('\n')
  return lines.map((line) => (line.startsWith('  ') ? line : Help.prototype.boxWrap.call(this, line, width))).join('\n')
}

/** The whole command line; `invoke` runs what a command does. */
export function makeProgram(invoke: Invoke, hooks: ServerHooks, setExit: (code: number) => void, terminal: Terminal) {
  const program = new Command('cairn')
    .description(introduction)
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .addOption(new Option('--format <format>', 'how results are printed').choices(formats))
    .option('--json', 'the same as --format=json')
    .option('--fields <names>', 'only these fields, with commas between; "*" for all')
    .option('--field <name>', 'one bare value')
    .option('-y, --yes', 'answer questions with yes')
    .option('-n, --no-interaction', 'ask nothing')
    .option('-q, --quiet', 'no notes and no progress on stderr')
    .option('--no-color', 'no colors')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false, boxWrap: wrapProse })
    .addHelpText('after', `${exitCodesText}\n${variables}`)
    .helpCommand(false) // main.ts turns "help X" into "X --help"
    .showSuggestionAfterError(false) // main.ts words what commander throws
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns(), helpColumns),
      getErrHelpWidth: () => Math.min(terminal.columns(), helpColumns),
    })
  const groups: Record<string, CommandUnknownOpts[]> = {
    'Sites:': [
      siteAttach(invoke),
      siteDetach(invoke),
      siteCreate(invoke),
      siteList(invoke),
      siteInfo(invoke),
      siteDelete(invoke),
      envList(invoke),
      envInfo(invoke),
      envCreate(invoke),
      multidevCreate(invoke),
      envDelete(invoke),
      envUndo(invoke),
      envSetUrl(invoke),
      envWebserverConfig(invoke),
    ],
    'Code and content:': [
      importSite(invoke),
      importCode(invoke),
      importFiles(invoke),
      importDatabase(invoke),
      envDeploy(invoke),
      envCloneContent(invoke),
      envWipe(invoke),
      envSearchReplace(invoke),
      envCodeLog(invoke),
      envCodeRevert(invoke),
      envCodeReset(invoke),
    ],
    'Backups:': [
      backupCreate(invoke),
      backupList(invoke),
      backupInfo(invoke),
      backupGet(invoke),
      backupRestore(invoke),
      backupLock(invoke),
      backupUnlock(invoke),
      backupNote(invoke),
      backupDelete(invoke),
      backupRecall(invoke),
    ],
    'Workflows:': [
      workflowList(invoke),
      workflowInfo(invoke),
      workflowWatch(invoke),
      workflowWait(invoke),
      workflowCancel(invoke),
    ],
    'Repository:': [repositoryCheck(invoke), repositoryStats(invoke), repositoryKey(invoke)],
    'People:': [
      personList(invoke),
      personInvite(invoke),
      personLink(invoke),
      personEdit(invoke),
      personLogout(invoke),
      personDelete(invoke),
      roleList(invoke),
      roleGrant(invoke),
      roleRevoke(invoke),
      machineTokenList(invoke),
      machineTokenCreate(invoke),
      machineTokenRevoke(invoke),
      sessionList(invoke),
      sessionEnd(invoke),
      auditList(invoke),
    ],
    'Server and login:': [
      ...serverCommands(hooks, setExit),
      settingsInfo(invoke),
      settingsEdit(invoke),
      authLogin(invoke),
      authLoginLink(invoke),
      authWhoami(invoke),
      authLogout(invoke),
      completion(invoke, () => completionWords(program)),
    ],
  }
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) {
      program.addCommand(command.copyInheritedSettings(program).helpGroup(heading))
      if (command.name() === 'server') command.configureHelp({ ...command.configureHelp(), showGlobalOptions: false }) // it takes none
    }
  }
  return program
}

export type Program = ReturnType<typeof makeProgram>

export function readFlags(program: Program): Flags {
  const options = program.opts()
  return {
    format: options.json === true ? 'json' : (options.format ?? null),
    fields: options.fields?.split(',').map((name) => name.trim()) ?? null,
    field: options.field ?? null,
    yes: options.yes === true,
    quiet: options.quiet === true,
    color: options.color,
    interaction: options.interaction,
  }
}

export function commandNames(program: CommandUnknownOpts): string[] {
  return program.commands.flatMap((command) => [command.name(), ...command.aliases()])
}

/** What `cairn help backup` prints: the commands of a group, a line each. */
export function groupHelp(program: CommandUnknownOpts, group: string): string {
  const commands = program.commands.filter((command) => command.name().startsWith(`${group}:`))
  const width = Math.max(...commands.map((command) => command.name().length))
  const lines = commands.map((command) => `  ${command.name().padEnd(width)}  ${command.summary()}`)
  return `Usage: cairn ${group}:COMMAND [options]\n\nCommands:\n${lines.join('\n')}\n\n"cairn help ${group}:COMMAND" says more of one.\n`
}

/** The long options that a command line with this command may have. */
export function optionNames(program: CommandUnknownOpts, name: string | undefined): string[] {
  const command = program.commands.find((candidate) => [candidate.name(), ...candidate.aliases()].includes(name ?? ''))
  return [...(command === undefined ? [] : long(command)), ...long(program), '--help']
}

const long = (command: CommandUnknownOpts): string[] => command.options.flatMap((option) => option.long ?? [])

function completionWords(program: CommandUnknownOpts): CompletionWords {
  return {
    commands: program.commands.flatMap((command) =>
      [command.name(), ...command.aliases()].map((name) => ({ name, summary: command.summary(), options: long(command) })),
    ),
    options: [...long(program), '--help'],
  }
}

/** The package stands two folders above, in a checkout (`src/cli`) and in the emitted tree (`dist/cli`) alike. */
function version(): string {
  const found = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  return found.version
}
