import { mkdirSync, mkdtempSync, writeFileSync, appendFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { removeTree } from '../../base/files.ts'
import type { Run } from '../../base/run.ts'
import { importHistory } from '../../git/importHistory.ts'
import { readRef } from '../../git/refs.ts'
import { defaultBranch, type SiteRepository } from '../../git/siteRepository.ts'
import { readEntryBody } from '../../repository/archiveOut.ts'
import type { StoredEntry } from '../../repository/types.ts'
import type { House } from '../house.ts'

/**
 * Takes over the `.git` of an archive or a backup into the repository of a new site. One that is damaged or hostile costs its
 * history and not the site; a repeated attempt leaves what it has.
 *
 * @param entries of the code; paths are relative to its root
 */
export async function takeHistory(
  house: House,
  repository: SiteRepository,
  entries: AsyncIterable<StoredEntry>,
  run: Run,
): Promise<void> {
  if ((await readRef(repository, defaultBranch)) !== null) return
  const parent = house.scratchDirectory // what a killed server leaves there is removed at the next start
  const directory = mkdtempSync(join(parent, 'history-'))
  try {
    if (!(await unpack(house, entries, directory))) return
    const { branches, tags, leftOut } = await importHistory(
      repository,
      { gitDirectory: join(directory, '.git') },
      { signal: run.signal },
    )
    run.log('info', `took over the git history: ${branches} branches, ${tags} tags`)
    if (leftOut.length > 0) warn(run, `Not taken over from the git history: ${leftOut.join(', ')}`)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'HISTORY_REFUSED') throw error
    warn(run, `${error.message}: the site begins a history of its own`)
  } finally {
    removeTree(directory, parent)
  }
}

/** Files and directories alone; their paths were checked when the archive was read, and are again. */
async function unpack(house: House, entries: AsyncIterable<StoredEntry>, directory: string): Promise<boolean> {
  let found = false
  for await (const entry of entries) {
    const path = entry.path.toString()
    if (path !== '.git' && !path.startsWith('.git/')) continue
    if (path.split('/').some((name) => name === '..' || name === '.' || name === '')) continue
    const to = join(directory, path)
    if (entry.kind === 'directory') mkdirSync(to, { recursive: true, mode: 0o700 })
    if (entry.kind !== 'file') continue
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    writeFileSync(to, '', { flag: 'wx', mode: 0o600 })
    for await (const piece of readEntryBody(house.repository, entry)) appendFileSync(to, piece)
    found ||= path === '.git/HEAD'
  }
  return found
}

function warn(run: Run, message: string): void {
  run.warn({ code: 'HISTORY_LEFT_OUT', element: 'code', message, path: '.git' })
}
