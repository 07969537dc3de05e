import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { makeCommand } from '../command.ts'

/** Processes that `bin/cairn` starts; the command line only knows their help. */
export interface ServerHooks {
  server?: (argv: string[]) => Promise<number>
  worker?: (argv: string[]) => Promise<number>
  /** The configuration keys, for the help */
  serverHelp?: string
}

export function serverCommands(hooks: ServerHooks, setExit: (code: number) => void): CommandUnknownOpts[] {
  const commands: CommandUnknownOpts[] = [
    makeCommand('server', {
      summary: 'Start a server',
      description: `Starts a server and runs until Ctrl-C. Without configuration it listens on 127.0.0.1:7070 and keeps everything in one data directory (as root /var/lib/cairn).${(hooks.serverHelp ?? '') === '' ? '' : `\n\n${hooks.serverHelp}`}`,
      examples: [
        ['server', 'with the defaults'],
        ['server --data=/srv/cairn --listen=127.0.0.1:8080', 'elsewhere'],
      ],
    })
      .usage('[--key=value ...]')
      .argument('[options...]', 'configuration keys, as docs/install.md lists them')
      .allowUnknownOption()
      .allowExcessArguments(true)
      .action(async (argv) => setExit(hooks.server === undefined ? 1 : await hooks.server(argv))),
  ]
  const { worker } = hooks
  if (worker !== undefined) {
    commands.push(
      makeCommand('worker', { summary: 'Start a further worker', examples: [['worker', 'on another machine of your own']] })
        .argument('[options...]', 'configuration keys')
        .allowUnknownOption()
        .allowExcessArguments(true)
        .action(async (argv) => setExit(await worker(argv))),
    )
  }
  return commands
}
