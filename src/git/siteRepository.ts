import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { removeTree, syncDirectory, writeFileDurably } from '../base/files.ts'
import { runGit } from './git.ts'
import { removeLeftovers } from './leftovers.ts'

/** The bare repository that holds the code of a managed site: all its environments, with `master` for dev. */
export interface SiteRepository {
  /** Absolute, ends in no slash */
  readonly directory: string
}

export const defaultBranch = 'refs/heads/master'

/**
 * Makes an empty repository whose default branch is `master`. It stands whole or not at all; its parent must exist.
 *
 * @throws {Failure} TARGET_EXISTS when something stands there
 */
export async function createSiteRepository(directory: string): Promise<SiteRepository> {
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) {
    throw new Failure('TARGET_EXISTS', `Cannot make a git repository: "${directory}" exists already`)
  }
  const parent = dirname(directory)
  const aside = join(parent, `.${basename(directory)}.${randomBytes(6).toString('hex')}.tmp`)
  mkdirSync(aside, { mode: 0o700 })
  try {
    await runGit({ directory: aside }, ['init', '--quiet', '--bare', '--template=', '--initial-branch=master'])
    writeFileDurably(join(aside, 'config'), config)
    renameSync(aside, directory)
  } catch (error) {
    removeTree(aside, parent)
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    throw new Failure('TARGET_EXISTS', `Cannot make a git repository: "${directory}" exists already`, { cause: error })
  }
  await syncDirectory(parent)
  return { directory }
}

/** What killed creators of this repository left beside it. Only for who alone may create it. */
export function removeHalfMade(directory: string): void {
  const parent = dirname(directory)
  const half = `.${basename(directory)}.`
  for (const name of readdirSync(parent)) {
    if (name.startsWith(half) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(half.length))) removeTree(join(parent, name), parent)
  }
}

/**
 * Opens a repository that `createSiteRepository` made, and mends what a killed process left: locks, half-written packs,
 * quarantines. Its configuration is written anew when it is not ours word by word.
 *
 * @param mends false for who opens it again and again, and can do without: nothing that was left is looked for
 * @throws {Failure} GIT_REPOSITORY when there is none
 */
export async function openSiteRepository(directory: string, { mends = true } = {}): Promise<SiteRepository> {
  const stat = lstatSync(directory, { throwIfNoEntry: false })
  const isWhole = stat?.isDirectory() === true && ['objects', 'refs'].every((name) => isDirectory(join(directory, name)))
  if (!isWhole) {
    throw new Failure('GIT_REPOSITORY', `Cannot open the git repository of the site: "${directory}" is none`, {
      hint: 'Restore the code of the site from a backup',
      retry: 'after-repair',
    })
  }
  for (const name of ['hooks', 'info', 'shallow', 'commondir', 'worktrees', 'modules', 'objects/info/alternates']) {
    rmSync(join(directory, name), { recursive: true, force: true })
  }
  keepFile(join(directory, 'config'), config)
  keepFile(join(directory, 'HEAD'), `ref: ${defaultBranch}\n`)
  const repository = { directory }
  if (mends) await removeLeftovers(repository)
  return repository
}

const config = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n'

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function keepFile(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileDurably(path, text)
}
