import { Option } from '@commander-js/extra-typings'
import { Failure } from '../../base/failure.ts'
import type { EnvironmentSettings, WebserverView } from '../../contract/managedSchemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { follow } from '../follow.ts'
import { readEnvironment } from '../inputs.ts'
import { managedOutcome } from '../managed.ts'
import { type Column, singleOf } from '../output/data.ts'

const columns: Column[] = [
  { name: 'text', title: 'Configuration' },
  { name: 'commands', title: 'Commands', hidden: true },
  { name: 'files', title: 'Files', hidden: true },
]

export function envWebserverConfig(invoke: Invoke) {
  return makeCommand('env:webserver-config', {
    summary: 'Print the configuration of a web server for an environment',
    description:
      'Prints what nginx and PHP-FPM need to serve a managed environment in earnest: each file with its path, and the commands that are typed once. Once the service runs, every change of the environment reloads it.',
    examples: [
      ['env:webserver-config shop.live --server=nginx', 'files and commands'],
      ['env:webserver-config shop.live --json', 'for a program that writes them'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .addOption(new Option('--server <name>', 'for which web server').choices(['nginx']).default('nginx'))
    .action((subject, { server }) =>
      invoke(async (context) => {
        const { site, environment } = readEnvironment(subject, context.terminal.env)
        const where = path`/v1/sites/${site}/environments/${environment}/webserver-config`
        const view = await context.client.get<WebserverView>(where, { server })
        return { data: singleOf(columns, { text: textOf(view), ...view }, 'text') }
      }),
    )
}

export function envSetUrl(invoke: Invoke) {
  return makeCommand('env:set-url', {
    summary: 'Set the address at which an environment is visited',
    description:
      'From now on the environment knows itself by this address, and content that comes into it gets it. The gateway answers at it as well. Addresses that stand in its database already are changed by env:search-replace.',
    examples: [
      ['env:set-url shop.live https://www.example.org', 'its own address'],
      ['env:set-url shop.dev --gateway', "the gateway's again"],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .argument('[URL]', 'http or https, without a path')
    .option('--gateway', "the gateway's own address")
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, url, options) =>
      invoke(async (context) => {
        if ((url === undefined) === (options.gateway !== true))
          throw new Failure('INPUT_INVALID', 'Cannot set the address: either URL or --gateway is wanted', {
            hint: 'Give the address of the site, such as https://www.example.org, or --gateway for the one that Cairn shows it at',
          })
        if (url !== undefined && !/^https?:\/\/[a-z0-9.-]+(:[0-9]{1,5})?$/.test(url)) {
          throw new Failure(
            'INPUT_INVALID',
            `Cannot use "${url}" as an address: http:// or https:// and a host in lower case are wanted, and no path`,
            {
              hint: 'An example: https://www.example.org',
            },
          )
        }
        const environment = readEnvironment(subject, context.terminal.env)
        const where = path`/v1/sites/${environment.site}/environments/${environment.environment}`
        if (environment.environment === 'live') {
          await confirmDestructive(context, {
            environment,
            warning: `Visitors of ${environment.text} come by its address.`,
            question: `Set another address for ${environment.text}?`,
            confirm: options.confirm,
          })
        }
        const asked: EnvironmentSettings = { url: url ?? null, confirm: environment.text }
        const started = await context.client.patch<Started>(where, asked)
        return follow(context, started, options.wait, async (workflow) => managedOutcome(context, workflow, ''))
      }),
    )
}

function textOf({ files, commands }: WebserverView): string {
  const parts = files.map(({ path: name, text }) => `# ---- ${name}\n${text}`)
  return `${parts.join('\n')}\n# ---- Once, as root:\n${commands.map((line) => `#   ${line}`).join('\n')}`
}
