import type { BackupChange, BackupView } from '../../contract/schemas.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { type Outcome, singleOf } from '../output/data.ts'
import { pickBackup } from '../pickBackup.ts'
import { backupColumns, backupRow } from '../rows.ts'

const fileOption = ['--file <name>', 'a file name from backup:list, or an id (default: the latest backup)'] as const

export function backupLock(invoke: Invoke) {
  return makeCommand('backup:lock', {
    summary: 'Keep a backup from being deleted and from expiring',
    examples: [['backup:lock blog.live', 'lock the latest backup']],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option(...fileOption)
    .action((subject, { file }) => invoke((context) => edit(context, subject, file, { locked: true })))
}

export function backupUnlock(invoke: Invoke) {
  return makeCommand('backup:unlock', {
    summary: 'Let a locked backup be deleted and expire again',
    examples: [['backup:unlock blog.live', 'unlock the latest backup']],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option(...fileOption)
    .action((subject, { file }) => invoke((context) => edit(context, subject, file, { locked: false })))
}

export function backupNote(invoke: Invoke) {
  return makeCommand('backup:note', {
    summary: 'Write a note on a backup',
    examples: [
      ['backup:note blog.live "before the redesign"', 'a note on the latest backup'],
      ['backup:note blog.live ""', 'remove the note'],
    ],
  })
    .argument('<SITE.ENV>', 'the environment, or the id of a backup')
    .argument('<text>', 'the note; empty removes it')
    .option(...fileOption)
    .action((subject, text, { file }) => invoke((context) => edit(context, subject, file, { note: text === '' ? null : text })))
}

async function edit(
  context: Context,
  subject: string | undefined,
  file: string | undefined,
  change: BackupChange,
): Promise<Outcome> {
  const { backup } = await pickBackup(context, subject, { file })
  const changed = await context.client.patch<BackupView>(path`/v1/backups/${backup.id}`, change)
  return { data: singleOf(backupColumns, backupRow(changed)) }
}
