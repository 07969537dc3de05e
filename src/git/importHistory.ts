import { randomBytes } from 'node:crypto'
import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { removeTree, writeFileDurably } from '../base/files.ts'
import { processStart } from '../base/processes.ts'
import { type HandleTree, openHandleTree } from '../hosts/local/handles.ts'
import { copyObjects } from './foreignObjects.ts'
import { type ForeignRefs, foreignNames, keepRefs, readForeign, readForeignRefs, refused } from './foreignRefs.ts'
import { gitText, runGit } from './git.ts'
import { cagePrefix } from './leftovers.ts'
import { listRefs, readRef } from './refs.ts'
import { createSiteRepository, defaultBranch, type SiteRepository } from './siteRepository.ts'

export interface ImportedHistory {
  /** What HEAD of the source was, and `master` is now */
  head: string
  branches: number
  tags: number
  /** Refs that were not taken over: names that git refuses, values that lead nowhere */
  leftOut: string[]
  /** The source had another `master` than its HEAD; it is kept under this name */
  masterKeptAs: string | null
}

export type HistorySource = { gitDirectory: string } | { bundle: string }

/**
 * Takes over the history of an unpacked `.git` directory (or a bare repository, or a bundle) of somebody else: objects,
 * branches, tags and notes, and nothing more. No configuration, hook, alternate, graft, replacement, index or worktree of it
 * is ever read. What is taken is copied into a repository of ours, and fetched from there as from a stranger: git checks each
 * object and that all are there. The site's repository gets all of it or nothing.
 *
 * @throws {Failure} HISTORY_REFUSED with the reason, TARGET_EXISTS when the site has a `master` already
 */
export async function importHistory(
  repository: SiteRepository,
  source: HistorySource,
  options: { maxBytes?: number; signal?: AbortSignal } = {},
): Promise<ImportedHistory> {
  if ((await readRef(repository, defaultBranch)) !== null) {
    throw new Failure('TARGET_EXISTS', 'Cannot take over a git history: the site has one already', {
      hint: 'Merge the two with git: clone, merge and push',
    })
  }
  const name = `${cagePrefix}${process.pid}-${processStart(process.pid)}-${randomBytes(6).toString('hex')}`
  const cage = await createSiteRepository(join(repository.directory, name))
  try {
    const found =
      'bundle' in source ? await unbundle(cage, source.bundle) : await copyDirectory(cage, source.gitDirectory, options)
    const { refs, masterKeptAs } = placeMaster(await dropBroken(cage, found), found)
    const lines = [...refs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([ref, id]) => `${id} ${ref}\n`)
    writeFileDurably(join(cage.directory, 'packed-refs'), lines.join(''))
    await fetchAll(repository, cage, options.signal)
    const branches = [...refs.keys()].filter((ref) => ref.startsWith('refs/heads/')).length
    const tags = [...refs.keys()].filter((ref) => ref.startsWith('refs/tags/')).length
    return { head: found.headId, branches, tags, leftOut: found.leftOut.toSorted(), masterKeptAs }
  } finally {
    removeTree(cage.directory, repository.directory)
  }
}

async function copyDirectory(
  cage: SiteRepository,
  gitDirectory: string,
  options: { maxBytes?: number; signal?: AbortSignal },
): Promise<ForeignRefs> {
  const stat = lstatSync(gitDirectory, { throwIfNoEntry: false })
  if (stat?.isDirectory() !== true) throw refused('".git" is no directory, but points to one elsewhere')
  const tree = openHandleTree(join(realpathSync(dirname(gitDirectory)), basename(gitDirectory)))
  try {
    if ((readForeign(tree, 'commondir') ?? '') !== '') throw refused('it is a work tree of a repository elsewhere')
    if ((readForeign(tree, 'shallow') ?? '') !== '') {
      throw refused('it is cut off (a shallow clone)', 'Run "git fetch --unshallow" where it came from, and archive it again')
    }
    const refs = readForeignRefs(tree)
    await copyObjects(tree, cage, options)
    return { ...refs, leftOut: [...refs.leftOut, ...aliens(tree)] }
  } finally {
    tree.close()
  }
}

/** What makes a history look whole where it was, and will be missed. */
function aliens(tree: HandleTree): string[] {
  const names = ['objects/info/alternates', 'info/grafts'].filter((name) => (readForeign(tree, name) ?? '') !== '')
  return foreignNames(tree, 'refs/replace').length > 0 ? [...names, 'refs/replace'] : names
}

async function unbundle(cage: SiteRepository, bundle: string): Promise<ForeignRefs> {
  if (lstatSync(bundle, { throwIfNoEntry: false })?.isFile() !== true) throw refused('the bundle is no file')
  const output = await refuseFailure(gitText(cage, ['bundle', 'unbundle', bundle], { writes: true }))
  const found = new Map(output.split('\n').map((line) => [line.slice(41), line.slice(0, 40)]))
  const leftOut: string[] = []
  const refs = keepRefs(found, leftOut)
  const branch = ['refs/heads/master', 'refs/heads/main'].find((name) => refs.has(name)) ?? null
  const headId = found.get('HEAD') ?? (branch === null ? undefined : refs.get(branch))
  if (headId === undefined) throw refused('the bundle names neither HEAD nor master nor main')
  return { headBranch: branch !== null && refs.get(branch) === headId ? branch : null, headId, refs, leftOut }
}

/** Branches must lead to commits, tags to commits or tags; what does not is left out. */
async function dropBroken(cage: SiteRepository, found: ForeignRefs): Promise<Map<string, string>> {
  const names = ['HEAD', ...found.refs.keys()]
  const ids = [found.headId, ...found.refs.values()]
  const input = ids.map((id) => `${id}\n`).join('')
  const types = (await gitText(cage, ['cat-file', '--batch-check=%(objecttype)'], { input })).split('\n')
  if (types[0] !== 'commit') {
    const why = found.leftOut.includes('objects/info/alternates') ? ', it shares objects with a repository elsewhere' : ''
    throw refused(`the commit of its HEAD is missing${why}`)
  }
  const kept = new Map<string, string>()
  for (const [at, name] of names.entries()) {
    if (at === 0) continue
    if (types[at] === 'commit' || (types[at] === 'tag' && name.startsWith('refs/tags/'))) kept.set(name, ids[at] as string)
    else found.leftOut.push(name)
  }
  return kept
}

/** HEAD becomes `master`: dev shows what the source showed. A `master` beside it keeps its history under another name. */
function placeMaster(
  refs: Map<string, string>,
  { headId, leftOut }: ForeignRefs,
): { refs: Map<string, string>; masterKeptAs: string | null } {
  const before = refs.get(defaultBranch)
  let masterKeptAs: string | null = null
  if (before !== undefined && before !== headId) {
    masterKeptAs = `${defaultBranch}-imported`
    for (let n = 2; refs.has(masterKeptAs); n += 1) masterKeptAs = `${defaultBranch}-imported-${n}`
    refs.set(masterKeptAs, before)
  }
  for (const name of refs.keys()) {
    if (name.startsWith(`${defaultBranch}/`) && refs.delete(name)) leftOut.push(name) // no room below a file
  }
  refs.set(defaultBranch, headId)
  return { refs, masterKeptAs }
}

async function fetchAll(repository: SiteRepository, cage: SiteRepository, signal: AbortSignal | undefined): Promise<void> {
  const kinds = ['heads', 'tags', 'notes'].map((kind) => `refs/${kind}/*:refs/${kind}/*`)
  const args = ['fetch', '--quiet', '--atomic', '--no-tags', '--no-write-fetch-head', '--no-auto-gc', cage.directory, ...kinds]
  const settings = [['protocol.file.allow', 'always']] as const
  const stop = signal === undefined ? {} : { signal }
  await refuseFailure(runGit(repository, args, { writes: true, settings, env: { GIT_ALLOW_PROTOCOL: 'file' }, ...stop }))
  const here = await listRefs(repository)
  const there = await listRefs(cage)
  if (JSON.stringify(here) !== JSON.stringify(there)) throw refused('not all of its branches and tags could be taken over')
}

async function refuseFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'GIT_FAILED') throw error
    throw refused(error.message.replace(/^.*?, saying "(.*)"$/s, '$1'))
  }
}
