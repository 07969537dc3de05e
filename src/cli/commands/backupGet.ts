import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { LinkInput, LinkView } from '../../contract/schemas.ts'
import { type Element, linkLifeMaxDays } from '../../contract/words.ts'
import { path } from '../client.ts'
import { type Invoke, makeCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { download, refuseExisting } from '../download.ts'
import { interruptedExit } from '../follow.ts'
import { readElement, readSeconds } from '../inputs.ts'
import { type Column, type Outcome, singleOf } from '../output/data.ts'
import { sizeText } from '../../contract/sizeText.ts'
import { timeText } from '../output/human.ts'
import { elementOf, pickBackup } from '../pickBackup.ts'
import { progressView } from '../progress.ts'
import { requireSavable } from '../saveTarget.ts'

const columns: Column[] = [
  { name: 'url', title: 'Link' },
  { name: 'path', title: 'Saved as' },
  { name: 'fileName', title: 'File' },
  { name: 'sizeBytes', title: 'Size', look: 'size' },
  { name: 'sha256', title: 'SHA-256' },
  { name: 'expiresAt', title: 'Link expires', look: 'time' },
  { name: 'backup', title: 'Backup', hidden: true },
]

export function backupGet(invoke: Invoke) {
  return makeCommand('backup:get', {
    summary: 'Download one archive, or print a link to it',
    description:
      'Prints a link to one archive of a backup, or downloads it with --to: an interrupted download goes on where it stopped, and the SHA-256 is checked.',
    examples: [
      ['backup:get blog.live --element=database --to=db.sql.gz', 'download the latest database'],
      ['backup:get blog.live --element=files --to=/backups/', 'under its own name'],
      ['backup:get blog.live --element=code', 'print a link for wget, good for one hour'],
    ],
  })
    .argument('[SITE.ENV]', 'the environment, or the id of a backup')
    .option('--element <element>', 'code, files or database (db); one of them')
    .option('--file <name>', 'a file name from backup:list, or an id (default: the latest backup)')
    .option('--to <path>', 'where to save it: a file that ends as the archive does, or a directory')
    .option('--overwrite', 'replace an existing file')
    .option('--life <time>', 'how long the link is good: seconds, or 30m, 2h, 7d (default: 1h)')
    .action((subject, options) =>
      invoke(async (context) => {
        if (options.to !== undefined) requireSavable(options.to, context.terminal.cwd)
        const asked = options.element === undefined ? null : readElement(options.element, 'backup:get')
        if (asked === null && options.file === undefined) readElement(undefined, 'backup:get')
        const lifeSeconds = options.life === undefined ? undefined : readSeconds(options.life, '--life', linkLifeMaxDays)
        const picked = await pickBackup(context, subject, { file: options.file, element: asked ?? undefined })
        const element = asked ?? picked.named ?? readElement(undefined, 'backup:get')
        const { fileName } = elementOf(picked.backup, element)
        const target = options.to === undefined ? null : targetPath(options.to, context.terminal.cwd, fileName, element)
        if (target !== null) refuseExisting({ target, overwrite: options.overwrite === true })
        const input: LinkInput = {
          element,
          ...(lifeSeconds === undefined ? {} : { lifeSeconds }),
        }
        const makeLink = () => context.client.post<LinkView>(path`/v1/backups/${picked.backup.id}/links`, input)
        const link = await makeLink()
        if (link.warning !== null) context.warn(link.warning)
        const { url, sizeBytes, sha256, expiresAt } = link
        const row = { url, path: target, fileName, sizeBytes, sha256, expiresAt, backup: picked.backup.id }
        if (target === null) {
          context.say(`${fileName}, ${sizeText(sizeBytes)}, link good until ${timeText(expiresAt)}`)
          return { data: singleOf(columns, row, 'url') }
        }
        const renew = async () => (await makeLink()).url
        return save(context, { url, sizeBytes, sha256, target, fileName, renew, overwrite: options.overwrite === true }, row)
      }),
    )
}

interface Saving {
  url: string
  target: string
  fileName: string
  sizeBytes: number
  sha256: string | null
  overwrite: boolean
  renew: () => Promise<string>
}

async function save(context: Context, saving: Saving, row: Record<string, unknown>): Promise<Outcome> {
  const view = progressView(context)
  const stop = new AbortController()
  const unsubscribe = context.terminal.onInterrupt(() => stop.abort())
  const { target, fileName: title, sizeBytes: totalBytes } = saving
  try {
    const { resumedAt } = await download({
      ...saving,
      signal: stop.signal,
      onProgress: (doneBytes) => view.show({ title, doneBytes, totalBytes }),
      say: (text) => {
        view.clear()
        context.say(text)
      },
    })
    view.clear()
    const checked = saving.sha256 === null ? 'length checked, no SHA-256 is recorded yet' : 'SHA-256 checked'
    context.say(`${sizeText(totalBytes)}, ${checked}${resumedAt > 0 ? `, resumed at ${sizeText(resumedAt)}` : ''}`)
    return { data: singleOf(columns, row, 'path') }
  } catch (error) {
    view.clear()
    if (!stop.signal.aborted) throw error
    context.say(`Stopped. The same command goes on with "${target}.part"`)
    return { exit: interruptedExit }
  } finally {
    unsubscribe()
  }
}

/** @throws {Failure} INPUT_INVALID when the name does not end as the archive does: a tool would take it for something else */
function targetPath(to: string, cwd: string, fileName: string, element: Element): string {
  const given = resolve(cwd, to)
  const isDirectory = existsSync(given) && statSync(given).isDirectory()
  if (isDirectory || to.endsWith('/')) return join(given, fileName)
  const extension = element === 'database' ? '.sql.gz' : '.tar.gz'
  if (given.endsWith(extension)) return given
  throw new Failure('INPUT_INVALID', `Cannot save ${element} as "${to}": the name must end in ${extension}`, {
    hint: 'Name it so, or name a directory: the archive then keeps its own name',
  })
}
