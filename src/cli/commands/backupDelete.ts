import { Failure } from '../../base/failure.ts'
import type { BackupView } from '../../contract/schemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { confirmDestructive } from '../confirm.ts'
import { isId } from '../inputs.ts'
import { singleOf } from '../output/data.ts'
import { timeText } from '../output/human.ts'
import { pickBackup } from '../pickBackup.ts'
import { backupColumns, backupRow } from '../rows.ts'

export function backupDelete(invoke: Invoke) {
  return makeCommand('backup:delete', {
    summary: 'Delete a backup',
    description: 'Deletes a backup, all its elements. It hides at once and can be recalled for seven days.',
    examples: [
      ['backup:delete blog.dev --file=blog_dev_2026-03-01T10-00-00_UTC_code.tar.gz', 'asks first'],
      ['backup:delete blog.live --file=… --yes --confirm=blog.live', 'without a question'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option('--file <name>', 'a file name from backup:list, or an id')
    .option('--confirm <SITE.ENV>', 'the name again, needed with --yes for live')
    .action((subject, options) =>
      invoke(async (context) => {
        const { backup, environment } = await pickNamed(context, subject, options.file, 'backup:delete')
        await confirmDestructive(context, {
          environment,
          warning: `This deletes the backup of ${environment.text} of ${timeText(backup.momentAt)}, all its elements. It can be recalled for seven days.`,
          question: `Delete backup ${backup.id}?`,
          confirm: options.confirm,
        })
        const deleted = await context.client.delete<BackupView>(path`/v1/backups/${backup.id}`)
        context.say(`Deleted. Bring it back: cairn backup:recall ${backup.id}`)
        return { data: singleOf(backupColumns, backupRow(deleted)) }
      }),
    )
}

export function backupRecall(invoke: Invoke) {
  return makeCommand('backup:recall', {
    summary: 'Bring back a deleted or expired backup',
    description: 'Brings back a backup that was deleted or has expired, for seven days after that.',
    examples: [
      ['backup:list blog.live --all', 'what can be recalled'],
      ['backup:recall blog.live --file=blog_live_2026-03-01T10-00-00_UTC_code.tar.gz', 'bring it back'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option('--file <name>', 'a file name from backup:list --all, or an id')
    .action((subject, options) =>
      invoke(async (context) => {
        const { backup } = await pickNamed(context, subject, options.file, 'backup:recall')
        const recalled = await context.client.post<BackupView>(path`/v1/backups/${backup.id}/recall`)
        return { data: singleOf(backupColumns, backupRow(recalled)) }
      }),
    )
}

/** These two never guess: "the latest" is not what a person means to delete. */
function pickNamed(
  context: Parameters<typeof pickBackup>[0],
  subject: string | undefined,
  file: string | undefined,
  command: string,
) {
  if (file === undefined && (subject === undefined || !isId(subject))) {
    throw new Failure('INPUT_INVALID', `Cannot run "${command}": no backup was named`, {
      hint: 'Add --file=NAME with a file name from backup:list, or give the id of the backup',
    })
  }
  return pickBackup(context, subject, { file, hidden: command === 'backup:recall' })
}
