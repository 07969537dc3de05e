import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isErrno } from '../base/failure.ts'
import { takeKernelLock } from '../base/kernelLock.ts'
import { processStart } from '../base/processes.ts'
import { runGit, writerMark } from './git.ts'
import { listRefs, moveRefs } from './refs.ts'
import type { SiteRepository } from './siteRepository.ts'

/** Below it a commit is held until the branch is moved to it. */
export const workRefs = 'refs/cairn/work/'

/** Of commits that this process has under way: between two children of git nothing else tells of them. */
export const workInHand = new Set<string>()

/**
 * Removes what killed processes left in a repository: lock files, half-written packs and objects, quarantines of pushes,
 * kept packs, refs of unfinished commits. Nothing is touched while a process that may own it lives: every `git` that writes
 * carries a mark in its environment and works in the repository's directory.
 *
 * What is there is listed before processes are looked for, so that what a later process makes is never taken for left over.
 *
 * @returns how many things were removed
 */
export async function removeLeftovers(repository: SiteRepository): Promise<number> {
  const isClean = listLeftovers(repository.directory).length === 0 && !existsBelow(repository.directory, workRefs)
  if (isClean) return 0 // as most times: a lock costs a child process
  const lock = await takeKernelLock(join(repository.directory, 'cairn-tidying'), 10_000) // another opener is soon done
  if (lock === null) return 0
  try {
    const found = listLeftovers(repository.directory)
    const before = new Set(workInHand)
    const held = existsBelow(repository.directory, workRefs) ? await listRefs(repository, [workRefs]) : []
    const refs = held.filter(({ name }) => !before.has(name) && !workInHand.has(name))
    if ((found.length === 0 && refs.length === 0) || hasWriter(repository.directory)) return 0
    let removed = 0
    for (const { path, stat } of found) {
      const now = lstatSync(path, { bigint: true, throwIfNoEntry: false })
      if (now === undefined || now.ino !== stat.ino || now.ctimeNs !== stat.ctimeNs) continue
      rmSync(path, { recursive: true, force: true })
      removed += 1
    }
    await moveRefs(
      repository,
      refs.map(({ name, id }) => ({ ref: name, from: id, to: null })),
    )
    return removed + refs.length
  } finally {
    await lock.release()
  }
}

/** Packs what has gathered since the last time; large packs stay as they are, so that backups of them stay the same. */
export async function tidyRepository(repository: SiteRepository): Promise<void> {
  await runGit(repository, ['repack', '-d', '-l', '-q', '--geometric=2'], { writes: true })
  await runGit(repository, ['prune-packed', '-q'], { writes: true })
  await runGit(repository, ['pack-refs', '--all'], { writes: true })
}

function listLeftovers(directory: string): { path: string; stat: BigIntStats }[] {
  const paths = [
    ...namesIn(directory).filter((name) => name.endsWith('.lock') || name.startsWith('fast_import_crash_') || isOldCage(name)),
    ...locksBelow(directory, 'refs'),
    ...namesIn(join(directory, 'objects'))
      .filter((name) => name.startsWith('tmp_objdir-'))
      .map((name) => join('objects', name)),
    ...namesIn(join(directory, 'objects/info'))
      .filter((name) => name.endsWith('.lock'))
      .map((name) => join('objects/info', name)),
    ...namesIn(join(directory, 'objects/pack'))
      .filter((name) => /^(\.tmp-|tmp_|\.tip)/.test(name) || isOldKeep(directory, name))
      .map((name) => join('objects/pack', name)),
    ...namesIn(join(directory, 'objects'))
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .flatMap((name) => namesIn(join(directory, 'objects', name)).map((object) => join('objects', name, object)))
      .filter((path) => basename(path).startsWith('tmp_obj_')),
  ]
  return paths.flatMap((name) => {
    const path = join(directory, name)
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? [] : [{ path, stat }]
  })
}

/** A pack is kept from repacking while refs are moved to it; who died in between leaves the mark. */
function isOldKeep(directory: string, name: string): boolean {
  if (!name.endsWith('.keep')) return false
  const text = readIfThere(join(directory, 'objects/pack', name))?.toString() ?? ''
  return /^(receive-pack|fetch-pack|fast-import)/.test(text)
}

/** `import-<pid>-<start>-<chance>`, where a foreign history is looked at; named by the process, which is no git. */
export const cagePrefix = 'import-'

function isOldCage(name: string): boolean {
  const [, pid = '', start = ''] = /^\.?import-(\d+)-(\d+)-/.exec(name) ?? []
  return start !== '' && processStart(Number(pid)) !== start
}

function locksBelow(directory: string, at: string): string[] {
  return namesIn(join(directory, at)).flatMap((name) => {
    const path = join(at, name)
    if (name.endsWith('.lock')) return [path]
    return lstatSync(join(directory, path), { throwIfNoEntry: false })?.isDirectory() ? locksBelow(directory, path) : []
  })
}

/** True when a marked process works in the directory, or one whose environment cannot be read. */
function hasWriter(directory: string): boolean {
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    if (!worksIn(pid, directory)) continue
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${writerMark}=1`)) return true
    } catch (error) {
      if (isErrno(error, 'EACCES', 'EPERM')) return true
      if (!isErrno(error, 'ENOENT', 'ESRCH')) throw error
    }
  }
  return false
}

function worksIn(pid: string, directory: string): boolean {
  try {
    const at = readlinkSync(`/proc/${pid}/cwd`)
    return at === directory || at.startsWith(`${directory}/`)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return false // gone, or of another user: not one of ours
    throw error
  }
}

function existsBelow(directory: string, prefix: string): boolean {
  const packed = readIfThere(join(directory, 'packed-refs'))?.includes(` ${prefix}`) ?? false
  return packed || namesIn(join(directory, prefix)).length > 0
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
