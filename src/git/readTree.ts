import { childEnd } from '../base/spawn.ts'
import { type GitOptions, gitFailure, killOnAbort, lastWords, runGit, startGit } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

/** What a commit holds at a path. A submodule names a commit of another repository and has no content here. */
export interface TreeEntry {
  path: Buffer
  kind: 'directory' | 'file' | 'link' | 'submodule'
  /** 0o755 or 0o644 for files, 0o755 for directories, 0o777 for links */
  mode: number
  id: string
  /** Zero for all but files and links */
  sizeBytes: number
}

export interface TreeChange {
  path: Buffer
  kind: 'added' | 'changed' | 'removed'
}

/** The tree of a commit, a directory before what it holds. */
export async function* listTree(
  repository: SiteRepository,
  commit: string,
  options: Pick<GitOptions, 'signal'> = {},
): AsyncGenerator<TreeEntry> {
  const args = ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', '--end-of-options', commit]
  for await (const record of records(repository, args, options)) {
    const tab = record.indexOf(0x09)
    const [mode = '', , id = '', size = ''] = record.subarray(0, tab).toString().split(/ +/)
    const { kind, bits } = kindOf(mode)
    yield { path: record.subarray(tab + 1), kind, mode: bits, id, sizeBytes: size === '-' ? 0 : Number(size) }
  }
}

/** What differs from one commit to another, by path; from nothing where `from` is null. Contents are not compared by line. */
export async function* diffTrees(repository: SiteRepository, from: string | null, to: string): AsyncGenerator<TreeChange> {
  const before = from ?? (await emptyTree(repository))
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', '--end-of-options', before, to]
  let letter = ''
  for await (const record of records(repository, args)) {
    if (letter === '') {
      letter = record.subarray(-1).toString()
      continue
    }
    yield { path: record, kind: letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'changed' }
    letter = ''
  }
}

/** The tree with nothing in it. git knows it without storing it; stored it can be compared with. */
async function emptyTree(repository: SiteRepository): Promise<string> {
  const { output } = await runGit(repository, ['hash-object', '-t', 'tree', '-w', '--stdin'], { input: '', writes: true })
  return output.toString().trim()
}

/** The output of a command cut at its zero bytes. */
async function* records(
  repository: SiteRepository,
  args: readonly string[],
  options: Pick<GitOptions, 'signal'> = {},
): AsyncGenerator<Buffer> {
  const child = startGit(repository, args, options)
  const stop = killOnAbort(child, options.signal)
  const words = lastWords(child)
  const ended = childEnd(child).finally(stop)
  ended.catch(() => {})
  child.stdin?.end()
  let isWhole = false
  try {
    let held: Buffer = Buffer.alloc(0)
    for await (const piece of child.stdout as AsyncIterable<Buffer>) {
      const bytes = held.length === 0 ? piece : Buffer.concat([held, piece])
      let from = 0
      for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
        yield bytes.subarray(from, at)
        from = at + 1
      }
      held = bytes.subarray(from)
    }
    isWhole = true
  } finally {
    if (!isWhole) child.kill('SIGKILL')
  }
  const end = await ended
  if (end.code !== 0) throw gitFailure(args, end, words())
}

function kindOf(mode: string): { kind: TreeEntry['kind']; bits: number } {
  const type = Number.parseInt(mode, 8) & 0o170000
  if (type === 0o040000) return { kind: 'directory', bits: 0o755 }
  if (type === 0o120000) return { kind: 'link', bits: 0o777 }
  if (type === 0o160000) return { kind: 'submodule', bits: 0 }
  return { kind: 'file', bits: (Number.parseInt(mode, 8) & 0o100) === 0 ? 0o644 : 0o755 }
}
