import { type WorkflowView } from '../../contract/workSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { type EnvironmentName, readElements, readEnvironment } from '../inputs.ts'
import { rowsOf } from '../output/data.ts'
import { timeText } from '../output/human.ts'
import { listBackups } from '../pickBackup.ts'
import { archiveColumns, archiveRow } from '../rows.ts'

export function backupList(invoke: Invoke) {
  return makeCommand('backup:list', {
    summary: 'List the backups of an environment',
    description: 'Lists the archives of the backups of an environment, the newest first.',
    examples: [
      ['backup:list blog.live', 'what is there'],
      ['backup:list blog.live --element=database --format=json', 'for a script'],
      ['backup:list blog.live --all', 'expired and deleted ones too, while they can be recalled'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--element <element>', 'all, code, files, database (db), or several with commas', 'all')
    .option('--all', 'expired and deleted backups too')
    .action((subject, options) =>
      invoke(async (context) => {
        const environment = readEnvironment(subject, context.terminal.env)
        const wanted = readElements(options.element)
        const backups = await listBackups(context, environment, options.all === true)
        await tellFailed(context, environment, backups[0]?.createdAt ?? null)
        const rows = backups.flatMap((backup) =>
          backup.elements.filter(({ element }) => wanted.includes(element)).map((held) => archiveRow(backup, held)),
        )
        return {
          data: rowsOf(
            archiveColumns,
            rows,
            `${environment.text} has no backups. Take one: cairn backup:create ${environment.text}`,
          ),
        }
      }),
    )
}

/** A backup that failed leaves nothing to list: it is told beside the list while no later one succeeded. */
async function tellFailed(context: Context, { site, environment }: EnvironmentName, newest: string | null): Promise<void> {
  const { workflows } = await context.client.get<{ workflows: WorkflowView[] }>('/v1/workflows', {
    ...{ site, environment, state: 'failed', limit: 10 },
  })
  for (const workflow of workflows) {
    if (workflow.kind !== 'backup' || (newest !== null && workflow.createdAt <= newest)) continue
    context.warn(
      `The backup of ${timeText(workflow.createdAt)} failed: ${workflow.failure?.message ?? 'no reason was kept'} (workflow ${workflow.id})`,
    )
  }
}
