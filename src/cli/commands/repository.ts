import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { writeFileDurably } from '../../base/files.ts'
import { pathTrouble } from '../../base/pathTrouble.ts'
import { errors } from '../../contract/errors.ts'
import type { KeyExport, RepositoryCheck, RepositoryStats } from '../../contract/workSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { type Column, singleOf } from '../output/data.ts'
import { safeText } from '../output/human.ts'
import { requireSavable } from '../saveTarget.ts'

const checkColumns: Column[] = [
  { name: 'ok', title: 'Clean' },
  { name: 'readData', title: 'Every byte read' },
  { name: 'backups', title: 'Backups' },
  { name: 'packs', title: 'Packs' },
  { name: 'chunks', title: 'Chunks' },
  { name: 'bytesRead', title: 'Read', look: 'size' },
  { name: 'seconds', title: 'Time', look: 'seconds' },
  { name: 'problems', title: 'Problems', show: problemLines },
]

const statsColumns: Column[] = [
  { name: 'repositoryId', title: 'Repository' },
  { name: 'backups', title: 'Backups' },
  { name: 'packs', title: 'Packs' },
  { name: 'chunks', title: 'Chunks' },
  { name: 'archiveBytes', title: 'All archives together', look: 'size' },
  { name: 'rawBytes', title: 'Their content', look: 'size' },
  { name: 'storedBytes', title: 'Stored', look: 'size' },
]

const keyColumns: Column[] = [
  { name: 'repositoryId', title: 'Repository' },
  { name: 'key', title: 'Key' },
  { name: 'path', title: 'Saved as' },
]

export function repositoryCheck(invoke: Invoke) {
  return makeCommand('repository:check', {
    summary: 'Check the repository',
    description:
      'Checks that all that the backups need is there. With --read-data every stored byte is read and verified; that takes long.',
    examples: [
      ['repository:check', 'quick'],
      ['repository:check --read-data', 'every byte'],
    ],
  })
    .option('--read-data', 'read and verify every stored byte')
    .action((options) =>
      invoke(async ({ client, say }) => {
        say(options.readData === true ? 'Reading the whole repository …' : 'Checking the repository …')
        const report = await client.post<RepositoryCheck>('/v1/repository/check', { readData: options.readData === true })
        return { data: singleOf(checkColumns, { ...report }), exit: report.ok ? 0 : errors.REPOSITORY_DAMAGED.exit }
      }),
    )
}

export function repositoryStats(invoke: Invoke) {
  return makeCommand('repository:stats', {
    summary: 'Show what the repository holds',
    examples: [['repository:stats --field=storedBytes', 'one number']],
  }).action(() =>
    invoke(async ({ client }) => ({
      data: singleOf(statsColumns, { ...(await client.get<RepositoryStats>('/v1/repository/stats')) }),
    })),
  )
}

export function repositoryKey(invoke: Invoke) {
  return makeCommand('repository:key', {
    summary: 'Export the key of the repository',
    description:
      'Prints the key of the repository, or saves it with --to (mode 0600). Who has the key and the repository can read every backup; without the key nobody can. Keep it away from this machine.',
    examples: [
      ['repository:key export', 'print it, to copy it into a password manager'],
      ['repository:key export --to=/media/usb/cairn.key', 'save it'],
    ],
  })
    .argument('<action>', '"export"')
    .option('--to <file>', 'save it there; an existing file is never replaced')
    .action((action, options) =>
      invoke(async ({ client, say, terminal }) => {
        if (action !== 'export') {
          throw new Failure('INPUT_INVALID', `Cannot run "repository:key ${action}": there is only "export"`, {
            hint: 'cairn repository:key export',
          })
        }
        if (options.to !== undefined) requireSavable(options.to, terminal.cwd)
        const target = options.to === undefined ? null : resolve(terminal.cwd, options.to)
        if (target !== null && existsSync(target))
          throw new Failure('TARGET_EXISTS', `Cannot write "${options.to}": it exists already`, { hint: 'Name another file' })
        const { key, repositoryId } = await client.post<KeyExport>('/v1/repository/key/export')
        if (target === null) {
          say('Keep this key away from this machine: without it no backup can be read')
          return { data: singleOf(keyColumns, { repositoryId, key, path: null }, 'key') }
        }
        saveKey(target, key.endsWith('\n') ? key : `${key}\n`)
        say('Move this file away from this machine: without it no backup can be read')
        return {
          data: singleOf(
            keyColumns.filter(({ name }) => name !== 'key'),
            { repositoryId, path: target },
            'path',
          ),
        }
      }),
    )
}

function saveKey(target: string, key: string): void {
  try {
    writeFileDurably(target, key)
  } catch (cause) {
    const trouble = pathTrouble(cause, 'written')
    if (trouble === null) throw cause
    throw new Failure('INPUT_INVALID', `Cannot save the key: "${target}" ${trouble}`, {
      hint: 'Name another file. The server counts the key as exported now: save it before you forget it',
      cause,
    })
  }
}

function problemLines(problems: RepositoryCheck['problems']): string {
  if (problems.length === 0) return 'none'
  return problems
    .map(({ code, message, backups }) =>
      safeText(`${message} (${code})${backups.length === 0 ? '' : `, backups ${backups.join(', ')}`}`),
    )
    .join('\n')
}
