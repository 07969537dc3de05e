import type { WorkflowView } from '../../contract/workSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { readElements, readEnvironment } from '../inputs.ts'
import { rowsOf } from '../output/data.ts'
import { timeText } from '../output/human.ts'
import { listBackups } from '../pickBackup.ts'
import { archiveColumns, archiveRow, unfinishedRow } from '../rows.ts'

export function backupList(invoke: Invoke) {
  return makeCommand('backup:list', {
    summary: 'List the backups of an environment',
    description:
      'Lists the archives of the backups of an environment, the newest first. What holds no archive, because it waits, runs, failed or was cancelled in the last seven days, is told on stderr; with --unfinished it is listed as well: such a row has no "fileName", a "workflow", and the "failure" of that.',
    examples: [
      ['backup:list blog.live', 'what is there'],
      ['backup:list blog.live --element=database --format=json', 'for a script'],
      ['backup:list blog.live --unfinished --format=json', 'the failed ones too, with their reasons'],
      ['backup:list blog.live --all', 'expired and deleted ones too, while they can be recalled'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--element <element>', 'all, code, files, database (db), or several with commas', 'all')
    .option('--all', 'expired and deleted backups too')
    .option('--unfinished', 'backups that wait, run, failed or were cancelled too, whatever they were to hold')
    .action((subject, options) =>
      invoke(async (context) => {
        const environment = readEnvironment(subject, context.terminal.env)
        const wanted = readElements(options.element)
        const { backups, unfinished } = await listBackups(context, environment, options.all === true)
        const newest = unfinished.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))
        if (options.unfinished !== true) tellUnfinished(context, newest)
        const rows = backups.flatMap((backup) =>
          backup.elements.filter(({ element }) => wanted.includes(element)).map((held) => archiveRow(backup, held)),
        )
        return {
          data: rowsOf(
            archiveColumns,
            options.unfinished === true ? [...newest.map(unfinishedRow), ...rows] : rows,
            `${environment.text} has no backups. Take one: cairn backup:create ${environment.text}`,
          ),
        }
      }),
    )
}

/** A backup that runs or failed has no archive to list: the latest of them are told beside the list, with the reason. */
function tellUnfinished(context: Context, unfinished: WorkflowView[]): void {
  for (const workflow of unfinished.slice(0, 5)) {
    const { id, state, failure, createdAt } = workflow
    const what = `The backup of ${timeText(createdAt)} ${state === 'failed' ? 'failed' : `is ${state}`}`
    if (state === 'failed') context.warn(`${what}: ${failure?.message ?? 'no reason was kept'} (workflow ${id})`)
    else context.say(`${what} (workflow ${id})`)
  }
}
