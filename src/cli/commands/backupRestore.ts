import type { RestoreInput, SiteView } from '../../contract/schemas.ts'
import type { Previewed, Started } from '../../contract/workSchemas.ts'
import type { BackupView } from '../../contract/schemas.ts'
import type { Element } from '../../contract/words.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { type EnvironmentName, findEnvironment, readElements, readTarget } from '../inputs.ts'
import { type Column, singleOf } from '../output/data.ts'
import { timeText } from '../output/human.ts'
import { elementOf, pickBackup } from '../pickBackup.ts'
import { planOutcome } from '../plan.ts'

const columns: Column[] = [
  { name: 'environment', title: 'Environment' },
  { name: 'backup', title: 'Backup' },
  { name: 'elements', title: 'Elements' },
  { name: 'workflow', title: 'Workflow' },
  { name: 'result', title: 'Result', hidden: true },
]

export function backupRestore(invoke: Invoke) {
  return makeCommand('backup:restore', {
    summary: 'Bring an environment back to a backup',
    description:
      'Replaces code, files and database of an environment by those of a backup. A safety backup is taken first, and "env:undo" takes the restore back.',
    examples: [
      ['backup:restore blog.dev', 'the latest backup, all elements; asks first'],
      ['backup:restore blog.dev --dry-run', 'what would change'],
      [
        'backup:restore blog.dev --element=db --file=blog_dev_2026-03-01T10-00-00_UTC_database.sql.gz',
        'one element of one backup',
      ],
      ['backup:restore blog.live --to-env=test', "live's latest backup into test, with the addresses of test"],
      ['backup:restore blog.live --yes --confirm=blog.live', 'live, without a question'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option(
      '--element <element>',
      'all, code, files, database (db), or several with commas (default: what --file names, else all)',
    )
    .option('--file <name>', 'a file name from backup:list, or an id (default: the latest backup)')
    .option('--to-env <ENV>', 'restore into another environment: its name, or SITE.ENV of another site')
    .option('--keep-addresses', 'with --to-env: leave the addresses in the database as they are')
    .option('--no-safety-backup', 'take no backup of the present state first')
    .option('--with-config', 'restore configuration files too; their credentials are tested first')
    .option('--queue', 'wait in line when another workflow has the environment')
    .option('--dry-run', 'print what would change, and change nothing')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const picked = await pickBackup(context, subject, { file: options.file })
        const { backup, named } = picked
        const environment = options.toEnv === undefined ? picked.environment : readTarget(options.toEnv, picked.environment.site)
        if (options.toEnv !== undefined) await findEnvironment(context, environment.text)
        const elements = chooseElements(backup, options.element, named)
        const where = path`/v1/sites/${environment.site}/environments/${environment.environment}/restore`
        const input: RestoreInput = {
          backup: backup.id,
          elements,
          safetyBackup: options.safetyBackup,
          withConfig: options.withConfig === true,
          queue: options.queue === true,
          dryRun: options.dryRun === true,
          ...(options.keepAddresses === true ? { replaceAddresses: false } : {}),
        }
        if (options.dryRun === true) return planOutcome(context, (await context.client.post<Previewed>(where, input)).plan)
        await confirmDestructive(context, {
          environment,
          warning: [
            ...warning(environment, backup, elements, options.safetyBackup),
            ...(environment.environment === 'live' ? [await liveAdvice(context, environment)] : []),
          ].join('\n'),
          question: `Restore ${environment.text}?`,
          confirm: options.confirm,
        })
        const started = await context.client.post<Started>(where, { ...input, confirm: environment.text })
        return follow(context, started, options.wait, async (workflow) => {
          const { done = [] } = (workflow.result ?? {}) as { done?: string[] } // of managed environments
          for (const sentence of done) context.say(`  ${sentence}`)
          const source = environment.text === picked.environment.text ? null : picked.environment.text
          context.say(
            `${restored(environment.text, source, elements, timeText(backup.momentAt))} Take it back: cairn env:undo ${environment.text}`,
          )
          const row = {
            environment: environment.text,
            backup: backup.id,
            elements,
            workflow: workflow.id,
            result: workflow.result,
          }
          return { data: singleOf(columns, row) }
        })
      }),
    )
}

/** What was asked for, else the archive that `--file` named, else all that the backup holds. */
function chooseElements(backup: BackupView, asked: string | undefined, named: Element | null): Element[] {
  const held = backup.elements.map(({ element }) => element)
  if (asked === undefined) return named === null ? held : [named]
  if (asked === 'all') return held
  const wanted = readElements(asked)
  for (const element of wanted) elementOf(backup, element)
  return wanted
}

function warning(environment: EnvironmentName, backup: BackupView, elements: Element[], safety: boolean): string[] {
  const taken = `${backup.site}.${backup.environment}`
  const of = taken === environment.text ? '' : `${taken} of `
  return [
    `This is destructive: it wipes ${listText(elements)} of ${environment.text}, and puts the backup of ${of}${timeText(backup.momentAt)} there instead.`,
    safety ? 'A backup of the present state is taken first.' : 'No backup of the present state is taken first.',
  ]
}

function listText(elements: Element[]): string {
  return elements.length === 1 ? (elements[0] ?? '') : `${elements.slice(0, -1).join(', ')} and ${elements.at(-1)}`
}

/** Nobody shall take a restored database for the whole. @param source where the backup is from, if from elsewhere */
export function restored(environment: string, source: string | null, elements: Element[], time: string): string {
  const isAll = elements.length === 3
  if (source === null)
    return isAll ? `${environment} is back at ${time}.` : `${environment} has its ${listText(elements)} of ${time} again.`
  return `${environment} has ${isAll ? '' : `the ${listText(elements)} of `}the backup of ${source} of ${time}.`
}

/** What is better done before live is restored, of what this site can do: an attached one may have nothing but live. */
async function liveAdvice({ client }: Context, { site, text }: EnvironmentName): Promise<string> {
  const { environments } = await client.get<SiteView>(path`/v1/sites/${site}`)
  const other = ['test', 'dev'].find((name) => environments.includes(name))
  return other === undefined
    ? `This is the live site, and there is no test or dev of it to try this on: --dry-run shows what would change, and "cairn env:undo ${text}" takes the restore back.`
    : `This is the live site. Restore to ${other} first (--to-env=${other}), look at the result there, and restore live only then.`
}
