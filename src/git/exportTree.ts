import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import type { Warning } from '../contract/words.ts'
import { Failure, isErrno } from '../base/failure.ts'
import { spaceFailure } from '../base/files.ts'
import { type HandleTree, openHandleTree } from '../hosts/local/handles.ts'
import { gitText, type GitOptions } from './git.ts'
import { refusePath, showPath } from './names.ts'
import { readBlobs } from './readBlobs.ts'
import { listTree, type TreeEntry } from './readTree.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface ExportOptions extends Pick<GitOptions, 'signal'> {
  /** These entries with all below them, and the directories above them; everything when it is not given */
  paths?: readonly string[]
  /** Called for each entry once it stands */
  onEntry?: (entry: TreeEntry) => void
  /** Submodules, and names that git would not check out either, are left out with one */
  onWarning?: (warning: Warning) => void
}

export interface ExportCounts {
  files: number
  links: number
  directories: number
  bytes: number
}

/**
 * Writes a commit as plain files into a directory that this call makes: bytes as stored (no line ends, filters, attributes),
 * modes 755 and 644, links as they are. Everything gets the time of the commit, so that two exports of one commit are equal.
 *
 * Parents are reached through handles and no link is followed, so a hostile tree writes nowhere else. Nothing is synced: who
 * makes a release syncs it whole. When it fails, the directory is left for the caller to remove.
 *
 * @throws {Failure} TARGET_EXISTS, SPACE_LACKING, HISTORY_REFUSED for a tree that names a path twice
 */
export async function exportTree(
  repository: SiteRepository,
  commit: string,
  toDirectory: string,
  options: ExportOptions = {},
): Promise<ExportCounts> {
  try {
    mkdirSync(toDirectory, { mode: 0o755 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    throw new Failure('TARGET_EXISTS', `Cannot export the code: "${toDirectory}" exists already`, { cause: error })
  }
  const at = new Date(1000 * Number(await gitText(repository, ['show', '-s', '--format=%ct', '--end-of-options', commit])))
  const counts: ExportCounts = { files: 0, links: 0, directories: 0, bytes: 0 }
  const directories: TreeEntry[] = []
  // a data directory may be reached through a link; below it none is followed
  const tree = openHandleTree(realpathSync(toDirectory))
  try {
    for await (const { wanted, sizeBytes, body } of readBlobs(repository, writeDirectories(), options)) {
      if (wanted.kind === 'link') await writeLink(tree, wanted, body, at)
      else await writeFile(tree, wanted, body, at)
      counts[wanted.kind === 'link' ? 'links' : 'files'] += 1
      counts.bytes += sizeBytes
      options.onEntry?.(wanted)
    }
    // what is written into a directory changes its time: deepest first, when all is there
    for (const directory of directories.toReversed()) {
      chmodSync(tree.at(directory.path), 0o755) // whatever our umask is
      utimesSync(tree.at(directory.path), at, at)
    }
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) {
      throw new Failure(
        'HISTORY_REFUSED',
        `Cannot export commit ${commit}: its tree does not fit a file system (${error.code})`,
        {
          cause: error,
        },
      )
    }
    throw spaceFailure(error, toDirectory)
  } finally {
    tree.close()
  }
  chmodSync(toDirectory, 0o755)
  utimesSync(toDirectory, at, at)
  return counts

  /** Makes the directories as they come, gives on what has contents. */
  async function* writeDirectories(): AsyncGenerator<TreeEntry> {
    for await (const entry of listTree(repository, commit, options)) {
      if (options.paths !== undefined && !isWanted(entry, options.paths)) continue
      const refused = refusePath(entry.path, entry.kind === 'link')
      if (refused !== null || entry.kind === 'submodule') {
        options.onWarning?.(warningOf(entry))
      } else if (entry.kind === 'directory') {
        mkdirSync(tree.at(entry.path), { mode: 0o755 })
        directories.push(entry)
        counts.directories += 1
        options.onEntry?.(entry)
      } else {
        yield entry
      }
    }
  }
}

function isWanted({ path, kind }: TreeEntry, paths: readonly string[]): boolean {
  const name = path.toString()
  return paths.some(
    (wanted) => name === wanted || name.startsWith(`${wanted}/`) || (kind === 'directory' && wanted.startsWith(`${name}/`)),
  )
}

function warningOf(entry: TreeEntry): Warning {
  const path = showPath(entry.path)
  return entry.kind === 'submodule'
    ? {
        code: 'SUBMODULE_LEFT_OUT',
        element: 'code',
        path,
        message: `"${path}" is a submodule: its content is not in the history`,
      }
    : { code: 'GIT_NAME_LEFT_OUT', element: 'code', path, message: `"${path}" is a name that git keeps for itself` }
}

async function writeFile(tree: HandleTree, entry: TreeEntry, body: AsyncIterable<Buffer>, at: Date): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const fd = openSync(tree.at(entry.path), flags, 0o600)
  try {
    for await (const piece of body) for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done)
    fchmodSync(fd, entry.mode)
    futimesSync(fd, at, at)
  } finally {
    closeSync(fd)
  }
}

async function writeLink(tree: HandleTree, entry: TreeEntry, body: AsyncIterable<Buffer>, at: Date): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(piece)
  const target = Buffer.concat(pieces)
  if (target.length === 0 || target.length > 4095 || target.includes(0)) {
    throw new Failure('HISTORY_REFUSED', `Cannot export "${showPath(entry.path)}": it is a link to no path`)
  }
  symlinkSync(target, tree.at(entry.path))
  lutimesSync(tree.at(entry.path), at, at)
}
