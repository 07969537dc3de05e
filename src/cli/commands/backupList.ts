import type { WorkflowView } from '../../contract/workSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { readElements, readEnvironment } from '../inputs.ts'
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
        const { backups, unfinished } = await listBackups(context, environment, options.all === true)
        tellUnfinished(context, unfinished)
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

/** A backup that runs or failed has no archive to list: the latest of them are told beside the list, with the reason. */
function tellUnfinished(context: Context, unfinished: WorkflowView[]): void {
  for (const workflow of unfinished.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt)).slice(0, 5)) {
    const { id, state, failure, createdAt } = workflow
    const what = `The backup of ${timeText(createdAt)} ${state === 'failed' ? 'failed' : `is ${state}`}`
    if (state === 'failed') context.warn(`${what}: ${failure?.message ?? 'no reason was kept'} (workflow ${id})`)
    else context.say(`${what} (workflow ${id})`)
  }
}
