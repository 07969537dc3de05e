import { gitText, runGit } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface LogCommit {
  id: string
  parents: string[]
  author: { name: string; email: string; at: Date }
  committedAt: Date
  /** The first line of the message, and all of it */
  subject: string
  message: string
}

const fields = ['%H', '%P', '%an', '%ae', '%at', '%ct', '%s', '%B']

/** The commits that a ref or a commit leads to, newest first, at most `limit` after `skip` of them. */
export async function log(repository: SiteRepository, from: string, limit: number, skip = 0): Promise<LogCommit[]> {
  const format = `--format=tformat:${fields.join('%x00')}`
  const args = ['log', '-z', format, `--max-count=${limit}`, `--skip=${skip}`, '--end-of-options', from, '--']
  const parts = (await runGit(repository, args)).output.toString().split('\0')
  const commits: LogCommit[] = []
  for (let i = 0; i + fields.length <= parts.length; i += fields.length) {
    const [id = '', parents = '', name = '', email = '', at = '', committed = '', subject = '', message = ''] = parts.slice(i)
    commits.push({
      id,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author: { name, email, at: new Date(Number(at) * 1000) },
      committedAt: new Date(Number(committed) * 1000),
      subject,
      message: message.trimEnd(),
    })
  }
  return commits
}

/** The best common ancestor, or null for histories that have none in common. */
export async function mergeBase(repository: SiteRepository, a: string, b: string): Promise<string | null> {
  const { code, output } = await runGit(repository, ['merge-base', '--end-of-options', a, b], { allow: [0, 1] })
  return code === 0 ? output.toString().trim() : null
}

/** How many commits `a` has that `b` lacks, and the other way round. */
export async function aheadBehind(repository: SiteRepository, a: string, b: string): Promise<{ ahead: number; behind: number }> {
  const text = await gitText(repository, ['rev-list', '--left-right', '--count', '--end-of-options', `${a}...${b}`, '--'])
  const [ahead = '0', behind = '0'] = text.split('\t')
  return { ahead: Number(ahead), behind: Number(behind) }
}

/**
 * Those of the first `limit` commits that `log` gives of `from` which `environment`, a commit, does not lead to. Both walk in
 * the same order, so the first of the one are among the first of the other.
 */
export async function commitsLacking(
  repository: SiteRepository,
  from: string,
  environment: string,
  limit: number,
): Promise<Set<string>> {
  const args = ['rev-list', `--max-count=${limit}`, '--end-of-options', from, `^${environment}`, '--']
  return new Set((await gitText(repository, args)).split('\n').filter((id) => id !== ''))
}
