import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, isErrno } from '../base/failure.ts'
import { gitText, type GitOptions, runGit } from './git.ts'
import { listRefs, type Ref } from './refs.ts'
import { defaultBranch, type SiteRepository } from './siteRepository.ts'

export interface PackOptions extends Pick<GitOptions, 'signal'> {
  /** The deployed commit; HEAD stands on it */
  commit: string
  /** Stands HEAD on a branch, where that branch is at the commit: `refs/heads/master` for dev */
  branch?: string
  /** All branches, tags and notes by default; never those of Cairn */
  refs?: readonly Ref[]
}

const commitsPerPack = 16

/**
 * Writes a `.git` directory that belongs beside the plain code of `commit`: with refs, a configuration with nothing special,
 * and an index, so that `git status` is clean where nobody changed a file.
 *
 * Made for backups: the same history gives the same bytes and times, and one that has grown gives mostly the same packs. The
 * line of `master` is cut at its 16th, 32nd, 64th… commit the way a binary number is, one pack for each piece, so the older a
 * piece the less often it changes. No new differences are computed: it costs about what copying costs.
 *
 * @throws {Failure} TARGET_EXISTS
 */
export async function packRepositoryAs(repository: SiteRepository, toDirectory: string, options: PackOptions): Promise<void> {
  const stop = options.signal === undefined ? {} : { signal: options.signal }
  const refs = options.refs ?? (await listRefs(repository))
  try {
    mkdirSync(toDirectory, { mode: 0o755 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    throw new Failure('TARGET_EXISTS', `Cannot write the history: "${toDirectory}" exists already`, { cause: error })
  }
  const at = (name: string): string => join(toDirectory, name)
  for (const name of ['objects', 'objects/info', 'objects/pack', 'refs', 'refs/heads', 'refs/tags']) mkdirSync(at(name))
  const isOnBranch = refs.some(({ name, id }) => name === options.branch && id === options.commit)
  writeFileSync(at('HEAD'), isOnBranch ? `ref: ${options.branch}\n` : `${options.commit}\n`)
  writeFileSync(at('config'), config)
  const lines = [...refs].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, id }) => `${id} ${name}\n`)
  writeFileSync(at('packed-refs'), lines.join(''))
  await runGit(repository, ['read-tree', options.commit], { env: { GIT_INDEX_FILE: at('index') }, ...stop })

  const main = refs.find(({ name }) => name === defaultBranch)?.commit ?? options.commit
  const cuts = await cutsOf(repository, main)
  const tips = [...new Set([...refs.map(({ id }) => id), options.commit])].sort()
  const not: string[] = []
  // half a pack stands where objects are written: in the new directory, so that a cancelled backup leaves nothing in the repository
  // and nobody who opens that meanwhile takes it for left over
  const env = {
    GIT_OBJECT_DIRECTORY: at('objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(join(repository.directory, 'objects')),
  }
  for (const wanted of [...cuts.map((cut) => [cut]), tips]) {
    const input = [...wanted, ...not.map((id) => `^${id}`)].map((line) => `${line}\n`).join('')
    await runGit(repository, [...packObjects, at('objects/pack/pack')], { input, env, ...stop })
    not.push(...wanted)
  }
  levelTimes(toDirectory, new Date(1000 * Number(await gitText(repository, ['show', '-s', '--format=%ct', options.commit]))))
}

const config = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n'
// one thread and no search for differences: what comes out depends on what is stored alone
const packObjects = ['pack-objects', '--revs', '--threads=1', '--window=0', '--delta-base-offset', '--non-empty', '-q']

/** The commits of the first-parent line at which it is cut, oldest first: 48 of 55 are a piece of 32 and one of 16. */
async function cutsOf(repository: SiteRepository, tip: string): Promise<string[]> {
  const count = Number(await gitText(repository, ['rev-list', '--first-parent', '--count', '--end-of-options', tip, '--']))
  const cuts: string[] = []
  let done = 0
  for (let piece = 2 ** 30; piece >= commitsPerPack; piece /= 2) {
    if (done + piece > count) continue
    done += piece
    const place = ['--first-parent', `--skip=${count - done}`, '--max-count=1']
    cuts.push(await gitText(repository, ['rev-list', ...place, '--end-of-options', tip, '--']))
  }
  return cuts
}

/** One time and one mode for all, so that a backup finds what it has. Deepest first. */
function levelTimes(directory: string, at: Date): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) {
      levelTimes(path, at)
    } else {
      chmodSync(path, entry.name.startsWith('pack-') ? 0o444 : 0o644)
      utimesSync(path, at, at)
    }
  }
  chmodSync(directory, 0o755)
  utimesSync(directory, at, at)
}
