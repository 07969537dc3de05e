import type { ChildProcess } from 'node:child_process'
import { Failure } from '../base/failure.ts'
import { childEnd, startChild } from '../base/spawn.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface GitOptions {
  /** Fed to the command and then closed */
  input?: string | Buffer
  /** An open file that the command reads instead */
  inputFd?: number
  /** Exit codes that are an answer; 0 alone by default */
  allow?: readonly number[]
  env?: Record<string, string>
  /** Further settings, over ours */
  settings?: readonly (readonly [string, string])[]
  /** Marks the process, so that `removeLeftovers` knows that locks may be its own */
  writes?: boolean
  /** In a session of its own, so that all its children can be ended with it */
  detached?: boolean
  signal?: AbortSignal
}

/** What a process that may hold locks in a repository has in its environment. */
export const writerMark = 'CAIRN_GIT_WRITES'

/**
 * Starts `git` in a site's repository. It reads no configuration but the repository's own file, which is ours, and the
 * settings below, which stand over it: no hooks, no alternates, no attributes or filters from outside, no replaced objects,
 * no transport, everything that comes in checked. Its working directory is the repository.
 */
export function startGit(repository: SiteRepository, args: readonly string[], options: GitOptions = {}): ChildProcess {
  return startChild('git', args, {
    cwd: repository.directory,
    env: gitEnvironment(repository.directory, options),
    stdio: [options.inputFd ?? 'pipe', 'pipe', 'pipe'],
    detached: options.detached ?? false,
  })
}

/**
 * Runs `git` to its end and gives its output as bytes (at most 64 MiB: for answers, not for contents).
 *
 * @throws {Failure} GIT_FAILED with the exit code or signal and what git said; WORKFLOW_CANCELLED by the signal
 */
export async function runGit(
  repository: SiteRepository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<{ code: number; output: Buffer }> {
  const child = startGit(repository, args, options)
  const stop = killOnAbort(child, options.signal)
  const parts: Buffer[] = []
  let length = 0
  child.stdout?.on('data', (part: Buffer) => void ((length += part.length) <= outputMax && parts.push(part)))
  const words = lastWords(child)
  child.stdin?.on('error', () => {}) // a child that ends early closes its input: its exit code tells
  child.stdin?.end(options.input)
  const end = await childEnd(child).finally(stop)
  if (options.signal?.aborted) throw cancelled()
  if (end.code === null || !(options.allow ?? [0]).includes(end.code)) throw gitFailure(args, end, words())
  if (length > outputMax) throw new Failure('GIT_FAILED', `Cannot read the answer of git ${args[0]}: it is longer than 64 MiB`)
  return { code: end.code, output: Buffer.concat(parts) }
}

/** The output of a command as text, without the line end. */
export async function gitText(repository: SiteRepository, args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await runGit(repository, args, options)).output.toString().replace(/\n$/, '')
}

export function gitFailure(
  args: readonly string[],
  end: { code: number | null; signal: NodeJS.Signals | null },
  words: string,
): Failure {
  const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`
  return new Failure('GIT_FAILED', `Cannot run git ${args[0]}: it ended with ${how}${words === '' ? '' : `, saying "${words}"`}`)
}

export function cancelled(): Failure {
  return new Failure('WORKFLOW_CANCELLED', 'Cannot go on: the workflow was cancelled')
}

/** Kills a child when the signal is given. @returns what forgets the signal again */
export function killOnAbort(child: ChildProcess, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => {}
  const kill = (): void => void child.kill('SIGKILL')
  if (signal.aborted) kill()
  signal.addEventListener('abort', kill, { once: true })
  return () => signal.removeEventListener('abort', kill)
}

/** Keeps the end of what a child says on stderr. @returns the lines that matter, in one */
export function lastWords(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => void (text = (text + part).slice(-4000)))
  return () => {
    const lines = text.split('\n').map((line) => line.trim())
    const told = ['fatal: ', 'error: ', 'remote: '].flatMap((kind) => lines.filter((line) => line.startsWith(kind)).slice(0, 1))
    return (told.length > 0 ? told.reverse() : lines.filter((line) => line !== '').slice(-1)).join('; ').slice(0, 500)
  }
}

const outputMax = 64 << 20

/** The whole environment of a `git` process but PATH, LANG and TZ. `directory` becomes GIT_DIR unless `env` says otherwise. */
export function gitEnvironment(directory: string, options: GitOptions = {}): Record<string, string> {
  const all = [...settings, ['safe.directory', directory], ...(options.settings ?? [])] as const
  const env: Record<string, string> = {
    HOME: '/nonexistent',
    XDG_CONFIG_HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_DIR: directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_SSH_COMMAND: '/bin/false',
    GIT_EDITOR: '/bin/false',
    GIT_PAGER: 'cat',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_CONFIG_COUNT: String(all.length),
  }
  for (const [index, [key, value]] of all.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  if (options.writes ?? false) env[writerMark] = '1'
  return { ...env, ...options.env }
}

const settings: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.logAllRefUpdates', 'false'],
  // so many tries when somebody else moves a ref at the same moment
  ['core.filesRefLockTimeout', '5000'],
  ['core.packedRefsTimeout', '10000'],
  ['core.fsync', 'all'],
  ['core.fsyncMethod', 'batch'],
  // larger blobs are streamed and not compared, so that one of any size needs no memory
  ['core.bigFileThreshold', '16m'],
  ['core.packedGitLimit', '256m'],
  ['pack.windowMemory', '64m'],
  ['pack.writeReverseIndex', 'false'],
  ['index.threads', '1'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['receive.autogc', 'false'],
  ['protocol.allow', 'never'],
  ['transfer.fsckObjects', 'true'],
  ['receive.fsckObjects', 'true'],
  ['fetch.fsckObjects', 'true'],
  ['fetch.writeCommitGraph', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['transfer.hideRefs', 'refs/cairn'],
  ['gpg.program', '/bin/false'],
  ['log.showSignature', 'false'],
  ['log.mailmap', 'false'],
  // slips of old tools, harmless and common in the histories of real sites; everything else that fsck finds is refused
  ...[
    'zeroPaddedFilemode',
    'badTimezone',
    'missingSpaceBeforeDate',
    'missingSpaceBeforeEmail',
    'missingEmail',
    'badEmail',
    'badDate',
  ].flatMap((id) => [[`fetch.fsck.${id}`, 'warn'] as const, [`receive.fsck.${id}`, 'warn'] as const]),
]
