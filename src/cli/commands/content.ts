import { Failure } from '../../base/failure.ts'
import type { CloneInput, SearchReplaceInput } from '../../contract/managedSchemas.ts'
import type { EnvironmentView } from '../../contract/schemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { follow } from '../follow.ts'
import { findEnvironment, readEnvironment, readTarget } from '../inputs.ts'
import { managedOutcome, replaceOutcome } from '../managed.ts'
import { requireManaged } from '../managedOnly.ts'

export function envCloneContent(invoke: Invoke) {
  return makeCommand('env:clone-content', {
    summary: 'Copy database and files of an environment into another one',
    description:
      'Puts database and files of one environment into another one of the same site. Addresses become those of the target; on dev and test no mail leaves, cron is paused and nobody stays logged in. A safety backup of the target is taken first.',
    examples: [
      ['env:clone-content shop.live dev', "live's content into dev; asks first"],
      ['env:clone-content shop.live test --db-only --yes', 'the database alone, without a question'],
      ['env:clone-content shop.test live --yes --confirm=shop.live', 'into live'],
    ],
  })
    .argument('<SITE.ENV>', 'where the content comes from')
    .argument('<TARGET>', 'the environment that it goes into: its name, or SITE.ENV')
    .option('--db-only', 'the database alone')
    .option('--files-only', 'the files alone')
    .option('--keep-addresses', 'leave the addresses in the database as they are')
    .option('--confirm <SITE.ENV>', 'the name of the target again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, target, options) =>
      invoke(async (context) => {
        const source = readEnvironment(subject, context.terminal.env)
        const environment = readTarget(target, source.site)
        const elements = chooseContent(options)
        const content = elements.map((element) => `the ${element}`).join(' and ')
        if (environment.site !== source.site) {
          throw new Failure('INPUT_INVALID', `Cannot clone from ${source.text} into ${environment.text}: they are two sites`, {
            hint: `Restore a backup: cairn backup:restore ${source.text} --to-env=${environment.text}`,
          })
        }
        const where = path`/v1/sites/${environment.site}/environments/${environment.environment}`
        if (environment.environment === source.environment) {
          throw new Failure('INPUT_INVALID', `Cannot clone ${source.text} into itself`, {
            hint: 'Name another environment of the site',
          })
        }
        requireManaged(environment, await context.client.get<EnvironmentView>(where), 'clone into')
        await confirmDestructive(context, {
          environment,
          warning: `This is destructive: it replaces ${content} of ${environment.text} by what ${source.text} has.\nA backup of the present state is taken first, and "env:undo" takes the clone back.`,
          question: `Clone ${content} of ${source.text} into ${environment.text}?`,
          confirm: options.confirm,
        })
        const input: CloneInput = {
          ...{ from: source.environment, elements, confirm: environment.text },
          ...(options.keepAddresses === true ? { replaceAddresses: false } : {}),
        }
        const started = await context.client.post<Started>(`${where}/clone`, input)
        return follow(context, started, options.wait, async (workflow) =>
          managedOutcome(context, workflow, `${environment.text} has ${content} of ${source.text}.`),
        )
      }),
    )
}

function chooseContent({ dbOnly, filesOnly }: { dbOnly?: true; filesOnly?: true }): CloneInput['elements'] {
  if (dbOnly === true && filesOnly === true) {
    throw new Failure('INPUT_INVALID', 'Cannot clone: --db-only and --files-only exclude each other', {
      hint: 'Without either both are cloned',
    })
  }
  return dbOnly === true ? ['database'] : filesOnly === true ? ['files'] : ['database', 'files']
}

export function envWipe(invoke: Invoke) {
  return makeCommand('env:wipe', {
    summary: 'Delete files and database of an environment',
    description:
      'Deletes files and database of a managed environment; the code stays. A safety backup is taken first, and "env:undo" brings all back.',
    examples: [
      ['env:wipe shop.dev', 'asks first'],
      ['env:wipe shop.live --yes --confirm=shop.live', 'live, without a question'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const { environment, where, view } = await findEnvironment(context, subject)
        requireManaged(environment, view, 'wipe')
        await confirmDestructive(context, {
          environment,
          warning: `This is destructive: it deletes all files and the whole database of ${environment.text}. The code stays.\nA backup of the present state is taken first.`,
          question: `Wipe ${environment.text}?`,
          confirm: options.confirm,
        })
        const started = await context.client.post<Started>(`${where}/wipe`, { confirm: environment.text })
        return follow(context, started, options.wait, async (workflow) =>
          managedOutcome(context, workflow, `${environment.text} is empty: its address shows the installer.`),
        )
      }),
    )
}

export function envSearchReplace(invoke: Invoke) {
  return makeCommand('env:search-replace', {
    summary: 'Replace an address in the database of an environment',
    description:
      'Replaces an address in the whole database of a managed environment: in serialized values, in JSON, escaped and percent-encoded too. A safety backup is taken first.',
    examples: [
      ['env:search-replace shop.dev https://www.example.org http://dev-shop.localhost:7080 --dry-run', 'where it stands'],
      ['env:search-replace shop.live http://www.example.org https://www.example.org', 'asks first'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment')
    .argument('<FROM>', 'the address that is looked for, such as https://www.example.org')
    .argument('<TO>', 'the address that takes its place')
    .option('--dry-run', 'show where it stands, and change nothing')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, from, to, options) =>
      invoke(async (context) => {
        const { environment, where, view } = await findEnvironment(context, subject)
        requireManaged(environment, view, 'replace in')
        const dryRun = options.dryRun === true
        if (!dryRun) {
          await confirmDestructive(context, {
            environment,
            warning: `This changes the database of ${environment.text}: ${from} becomes ${to} everywhere.\nA backup of the present state is taken first, and "env:undo" takes it back.`,
            question: `Replace ${from} by ${to} in ${environment.text}?`,
            confirm: options.confirm,
          })
        }
        const input: SearchReplaceInput = { pairs: [{ from, to }], ...(dryRun ? { dryRun } : { confirm: environment.text }) }
        const started = await context.client.post<Started>(`${where}/search-replace`, input)
        return follow(context, started, options.wait, async (workflow) => replaceOutcome(context, workflow, environment.text))
      }),
    )
}
