import type { Entry } from '../archive/entry.ts'
import { newUlid } from '../base/ids.ts'
import { splitLast } from '../hosts/local/handles.ts'
import { fastImport, type Feed } from './fastImport.ts'
import { gitText } from './git.ts'
import { workInHand, workRefs } from './leftovers.ts'
import { quotePath, refusePath, showPath } from './names.ts'
import { moveRefs, readRef } from './refs.ts'
import { messageText, type Signature, signatureLine } from './signature.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'
import { keepTip } from './undoRef.ts'

/** What git keeps of an entry. `sizeBytes` must be the length of the body. */
export type CommitEntry = Pick<Entry, 'path' | 'kind' | 'mode' | 'sizeBytes' | 'target'> & { body: AsyncIterable<Buffer> }

export interface CommitOptions {
  /** A directory before what it holds; the root itself is passed over */
  entries: AsyncIterable<CommitEntry>
  /** Full name; `refs/heads/master` by default */
  branch?: string
  /** `replace`: the tree is what the entries are. `overlay`: they are laid over the tree of the branch */
  how?: 'replace' | 'overlay'
  message: string
  author: Signature
  /** Makes a commit even when the tree is the one that the branch has */
  allowEmpty?: boolean
  /** Where the old tip is kept in the same transaction, until `dropUndo`; of a branch that was there, when it moves */
  undoId?: string
  /** Stores the commit but leaves the branch where it is: to be compared with `diffTrees` and then forgotten */
  dryRun?: boolean
  signal?: AbortSignal
}

export interface CommitResult {
  kind: 'committed' | 'unchanged' | 'dry-run'
  /** The new commit; for `unchanged` the one that the branch has */
  commit: string
  /** What the branch had before, or null when it did not exist */
  parent: string | null
  /** Left out, because git or a client of it would take them for a repository; the first hundred */
  leftOut: string[]
  leftOutCount: number
  /** Git keeps no empty directories: they are missing in every export of the commit; the first hundred */
  emptyDirectories: string[]
  emptyDirectoriesCount: number
}

const shownMax = 100

/**
 * Commits a tree from a stream of entries; memory grows with the number of paths, never with contents. Git keeps the
 * executable bit and nothing else of a mode, links as they are, any bytes as names, no empty directories, no owners, no times.
 *
 * After a crash at any point the branch is where it was; what was written is removed when the repository is opened.
 *
 * @throws {Failure} CODE_MOVED when the branch moved meanwhile, VERIFY_FAILED when a body is not as long as announced
 */
export async function commitTree(repository: SiteRepository, options: CommitOptions): Promise<CommitResult> {
  const work = `${workRefs}${newUlid()}`
  workInHand.add(work)
  try {
    return await commitBy(work, repository, options)
  } finally {
    workInHand.delete(work)
  }
}

async function commitBy(work: string, repository: SiteRepository, options: CommitOptions): Promise<CommitResult> {
  const branch = options.branch ?? defaultBranch
  const parent = await readRef(repository, branch)
  const seen = watchEntries()
  const stop = options.signal === undefined ? {} : { signal: options.signal }
  await fastImport(
    repository,
    async (feed) => {
      const message = Buffer.from(messageText(options.message))
      const line = signatureLine(options.author)
      await feed.text(`commit ${work}\nauthor ${line}\ncommitter ${line}\ndata ${message.length}\n`)
      await feed.text(`${message.toString()}\n`)
      if (parent !== null) await feed.text(`from ${parent}\n`)
      if ((options.how ?? 'replace') === 'replace') await feed.text('deleteall\n')
      for await (const entry of options.entries) if (seen.keeps(entry)) await feedEntry(feed, entry)
      await feed.text('\n')
    },
    stop,
  )
  const names = [work, `${work}^{tree}`, ...(parent === null ? [] : [`${parent}^{tree}`])]
  const [commit = '', tree, treeBefore] = (await gitText(repository, ['rev-parse', ...names])).split('\n')
  const report = seen.report()
  const unheld = { ref: work, from: commit, to: null }
  if (options.dryRun ?? false) {
    await moveRefs(repository, [unheld])
    return { kind: 'dry-run', commit, parent, ...report }
  }
  if (parent !== null && tree === treeBefore && !(options.allowEmpty ?? false)) {
    await moveRefs(repository, [unheld])
    return { kind: 'unchanged', commit: parent, parent, ...report }
  }
  try {
    const kept = await keepTip(repository, options.undoId, parent)
    await moveRefs(repository, [...kept, { ref: branch, from: parent, to: commit }, unheld])
  } catch (error) {
    await moveRefs(repository, [unheld])
    throw error
  }
  return { kind: 'committed', commit, parent, ...report }
}

/** The tree of a commit: equal trees have equal names. */
export function treeOf(repository: SiteRepository, commit: string): Promise<string> {
  return gitText(repository, ['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`])
}

async function feedEntry(feed: Feed, entry: CommitEntry): Promise<void> {
  const mode = entry.kind === 'link' ? '120000' : (entry.mode & 0o100) === 0 ? '100644' : '100755'
  await feed.text(`M ${mode} inline ${quotePath(entry.path)}\n`)
  if (entry.kind === 'link') await feed.data(entry.target.length, whole(entry.target), showPath(entry.path))
  else await feed.data(entry.sizeBytes, entry.body, showPath(entry.path))
}

async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

type Report = Pick<CommitResult, 'leftOut' | 'leftOutCount' | 'emptyDirectories' | 'emptyDirectoriesCount'>

/** Decides what is kept, and remembers what is not. */
function watchEntries(): { keeps(entry: CommitEntry): boolean; report(): Report } {
  const empty = new Set<string>()
  const leftOut: string[] = []
  let leftOutCount = 0
  let lastOut = ''
  return {
    keeps(entry) {
      if (entry.path.length === 0) return false
      if (refusePath(entry.path, entry.kind === 'link') !== null) {
        const shown = showPath(entry.path)
        if (lastOut === '' || !shown.startsWith(`${lastOut}/`)) {
          lastOut = shown
          leftOutCount += 1
          if (leftOut.length < shownMax) leftOut.push(shown)
        }
        return false
      }
      for (let at = splitLast(entry.path).parent; at.length > 0; at = splitLast(at).parent) {
        if (!empty.delete(at.toString('latin1'))) break
      }
      if (entry.kind === 'directory') empty.add(entry.path.toString('latin1'))
      return entry.kind !== 'directory'
    },
    report() {
      const names = [...empty].map((name) => Buffer.from(name, 'latin1').toString())
      return { leftOut, leftOutCount, emptyDirectories: names.slice(0, shownMax), emptyDirectoriesCount: names.length }
    },
  }
}
