import { type Invoke, makeCommand } from '../command.ts'
import { singleOf } from '../output/data.ts'
import { pickBackup } from '../pickBackup.ts'
import { backupColumns, backupRow } from '../rows.ts'

export function backupInfo(invoke: Invoke) {
  return makeCommand('backup:info', {
    summary: 'Show one backup',
    examples: [
      ['backup:info blog.live', 'the latest'],
      ['backup:info blog.live --file=blog_live_2026-03-01T10-00-00_UTC_files.tar.gz', 'the one that holds this archive'],
      ['backup:info blog.live --field=backup', 'its id alone'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option('--file <name>', 'a file name from backup:list, or an id (default: the latest backup)')
    .action((subject, options) =>
      invoke(async (context) => {
        const { backup } = await pickBackup(context, subject, { file: options.file, hidden: options.file !== undefined })
        return { data: singleOf(backupColumns, backupRow(backup)) }
      }),
    )
}
