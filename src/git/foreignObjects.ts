import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { spaceFailure } from '../base/files.ts'
import type { HandleTree } from '../hosts/local/handles.ts'
import { foreignNames, refused } from './foreignRefs.ts'
import { runGit } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

/**
 * Copies the objects of a `.git` directory from outside into an empty repository of ours: loose ones as files, packs through
 * `git index-pack`, which makes their index anew. Nothing else of the directory is copied, least of all an index, a list of
 * alternates or a graph. Whether the contents are what their names say is not checked here.
 *
 * @returns how many bytes were taken
 * @throws {Failure} HISTORY_REFUSED for a pack that cannot be read, or above `maxBytes`
 */
export async function copyObjects(
  from: HandleTree,
  to: SiteRepository,
  options: { maxBytes?: number; signal?: AbortSignal } = {},
): Promise<number> {
  let bytes = 0
  const count = (more: number): void => {
    bytes += more
    if (bytes > (options.maxBytes ?? Infinity)) throw refused(`it is larger than ${options.maxBytes} bytes`)
  }
  for (const directory of foreignNames(from, 'objects').filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    const names = foreignNames(from, `objects/${directory}`).filter((name) => /^[0-9a-f]{38}$/.test(name))
    if (names.length > 0) mkdirSync(join(to.directory, 'objects', directory), { recursive: true })
    for (const name of names) {
      const path = `objects/${directory}/${name}`
      const fd = openPlain(from, path)
      if (fd === null) continue
      try {
        count(fstatSync(fd).size)
        copyFile(fd, join(to.directory, path))
      } finally {
        closeSync(fd)
      }
    }
  }
  for (const name of foreignNames(from, 'objects/pack').filter((pack) => /^pack-[0-9a-f]{40}\.pack$/.test(pack))) {
    const fd = openPlain(from, `objects/pack/${name}`)
    if (fd === null) continue
    try {
      count(fstatSync(fd).size)
      const signal = options.signal === undefined ? {} : { signal: options.signal }
      await runGit(to, ['index-pack', '--stdin'], { inputFd: fd, writes: true, ...signal })
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'GIT_FAILED') throw error
      throw refused(`"${name}" cannot be read: ${error.message.replace(/^.*?, saying "(.*)"$/s, '$1')}`)
    } finally {
      closeSync(fd)
    }
  }
  return bytes
}

/** Null for links, pipes, directories. */
export function openPlain(from: HandleTree, path: string): number | null {
  let fd
  try {
    fd = openSync(from.at(Buffer.from(path, 'latin1')), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null // a link, a socket, no right: its objects will be missed if they matter
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  return null
}

function copyFile(fd: number, to: string): void {
  const buffer = Buffer.alloc(64 << 10)
  const out = openSync(to, 'wx', 0o444)
  try {
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) {
      for (let done = 0; done < n;) done += writeSync(out, buffer, done, n - done)
    }
  } catch (error) {
    throw spaceFailure(error, to)
  } finally {
    closeSync(out)
  }
}
