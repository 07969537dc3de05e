import { Failure } from '../base/failure.ts'
import { runGit } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface Ref {
  name: string
  /** Of the object that the ref names: for an annotated tag, the tag */
  id: string
  /** The commit behind a tag; the same as `id` otherwise */
  commit: string
}

/** One move of a transaction. null for `from` means that the ref must not exist, null for `to` deletes it. */
export interface RefMove {
  ref: string
  from: string | null
  to: string | null
}

/** The refs below the prefixes, by name; all that is published without prefixes. */
export async function listRefs(
  repository: SiteRepository,
  prefixes: readonly string[] = ['refs/heads/', 'refs/tags/', 'refs/notes/'],
): Promise<Ref[]> {
  const format = '--format=%(refname)%00%(objectname)%00%(*objectname)'
  const { output } = await runGit(repository, ['for-each-ref', format, ...prefixes])
  return output
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', id = '', peeled = ''] = line.split('\0')
      return { name, id, commit: peeled === '' ? id : peeled }
    })
}

/** The id that a ref holds now, or null. */
export async function readRef(repository: SiteRepository, ref: string): Promise<string | null> {
  const { code, output } = await runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', ref], {
    allow: [0, 1, 128],
  })
  return code === 0 ? output.toString().trim() : null
}

/**
 * Moves refs all at once or not at all.
 *
 * @throws {Failure} CODE_MOVED when one of them no longer holds what `from` says
 */
export async function moveRefs(repository: SiteRepository, moves: readonly RefMove[]): Promise<void> {
  if (moves.length === 0) return
  const zero = '0'.repeat(40)
  const lines = moves.map(({ ref, from, to }) =>
    to === null ? `delete ${ref} ${from ?? zero}\n` : `update ${ref} ${to} ${from ?? zero}\n`,
  )
  try {
    await runGit(repository, ['update-ref', '--no-deref', '--stdin'], { input: lines.join(''), writes: true })
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'GIT_FAILED') throw error
    for (const { ref, from } of moves) {
      if ((await readRef(repository, ref)) === from) continue
      throw new Failure('CODE_MOVED', `Cannot move "${ref}": it no longer holds ${from ?? 'nothing'}`, {
        hint: 'Somebody pushed or deployed meanwhile; look at the log and run the command again',
        retry: 'later',
        cause: error,
      })
    }
    throw error
  }
}

/**
 * The commit that a branch, a tag or an id (at least 7 digits) names.
 *
 * @throws {Failure} COMMIT_NOT_FOUND
 */
export async function findCommit(repository: SiteRepository, name: string): Promise<string> {
  const candidates = /^[0-9a-f]{7,40}$/.test(name) ? [name] : []
  if (isRefName(name)) candidates.push(name)
  for (const prefix of ['refs/heads/', 'refs/tags/']) if (isRefName(prefix + name)) candidates.push(prefix + name)
  for (const candidate of candidates) {
    const found = await readRef(repository, `${candidate}^{commit}`)
    if (found !== null) return found
  }
  throw new Failure(
    'COMMIT_NOT_FOUND',
    `Cannot find the commit "${name}": the site's repository has no such commit, branch or tag`,
    { hint: 'Name it as "cairn env:code-log SITE.ENV" shows it, with at least seven digits' },
  )
}

/** True for full names that git accepts (`git check-ref-format`) and that no file system or shell could misread. */
export function isRefName(name: string): boolean {
  if (!/^refs\/[!-~\u0080-\uffff]+$/.test(name) || name.length > 255) return false
  if (/[\\~^:?*[]|\.\.|@\{|\.$|\/$|\/\/|\ufffd/.test(name)) return false
  const parts = name.split('/')
  return parts.length >= 3 && parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
}
