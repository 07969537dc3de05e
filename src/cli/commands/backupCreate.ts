import type { BackupCreateInput, Health } from '../../contract/schemas.ts'
import type { Started } from '../../contract/workSchemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { follow } from '../follow.ts'
import { readCount, readElements, readEnvironment } from '../inputs.ts'
import type { Context } from '../context.ts'
import { rowsOf } from '../output/data.ts'
import { listBackups } from '../pickBackup.ts'
import { archiveColumns, archiveRow } from '../rows.ts'

export function backupCreate(invoke: Invoke) {
  return makeCommand('backup:create', {
    summary: 'Take a backup of an environment',
    description: 'Takes a backup of an environment and proves it: each archive is read back and its SHA-256 recorded.',
    examples: [
      ['backup:create blog.live', 'code, files and database'],
      ['backup:create blog.live --element=db --keep-for=30', 'the database, for 30 days'],
      ['backup:create blog.live --no-wait', 'print the id of the workflow at once'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment')
    .option('--element <element>', 'all, code, files, database (db), or several with commas', 'all')
    .option('--keep-for <days>', 'how long to keep it', '365')
    .option('--note <text>', 'a note that backup:info shows')
    .option('--paranoid', 'read every file, also those that look unchanged')
    .option('-W, --no-wait', 'do not wait, print the id of the workflow')
    .action((subject, options) =>
      invoke(async (context) => {
        const environment = readEnvironment(subject, context.terminal.env)
        const input: BackupCreateInput = {
          elements: readElements(options.element),
          keepForDays: readCount(options.keepFor, '--keep-for'),
          ...(options.note === undefined ? {} : { note: options.note }),
          ...(options.paranoid === true ? { paranoid: true } : {}),
        }
        const where = path`/v1/sites/${environment.site}/environments/${environment.environment}/backups`
        const started = await context.client.post<Started>(where, input)
        return follow(context, started, options.wait, async (workflow) => {
          const { backups } = await listBackups(context, environment)
          const made = backups.find(({ workflowId }) => workflowId === workflow.id)
          await tellKey(context)
          const rows = made?.elements.map((held) => archiveRow(made, held)) ?? []
          return { data: rowsOf(archiveColumns, rows, 'The backup is not listed any more') }
        })
      }),
    )
}

/** Says plainly, until it is done, that a lost disk must not mean a lost key. */
export async function tellKey(context: Context): Promise<void> {
  const health = await context.client.get<Health>('/v1/health')
  if (health.keyExported) return
  context.warn(
    'The repository key has not been exported. Without it no backup can be read after a lost disk: cairn repository:key export',
  )
}
