import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Failure } from './failure.ts'

export interface ChildOptions {
  cwd?: string
  /** The whole environment of the child; nothing of ours is inherited but PATH, HOME, LANG and TZ */
  env?: Record<string, string>
  stdio?: StdioOptions
  uid?: number
  gid?: number
  /** What the child gets when its parent dies; INT or TERM for a server that should end in good order */
  deathSignal?: 'KILL' | 'INT' | 'TERM'
  /** In a session of its own, where Ctrl-C for the parent does not reach it */
  detached?: boolean
}

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))

/**
 * The only place that starts programs: an argument array, no shell, a clean environment. The child dies with its parent
 * (`setpriv --pdeathsig`, where util-linux is there), so that a killed worker leaves nobody writing.
 */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): ChildProcess {
  const env: Record<string, string> = {}
  for (const name of ['PATH', 'HOME', 'LANG', 'TZ']) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  const [program, list] =
    setpriv === undefined
      ? [command, [...args]]
      : [setpriv, ['--pdeathsig', options.deathSignal ?? 'KILL', '--', command, ...args]]
  return spawn(program, list, {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    detached: options.detached ?? false,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
}

export interface ChildEnd {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Resolves when the child has ended and its pipes are closed; rejects only when it could not be started. */
export function childEnd(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

interface RunOptions {
  input?: string
  /** Exit codes that are no failure @default {[0]} */
  allow?: readonly number[]
  /** When it is killed, and no more is read of what it started and left with its output. @default {never} */
  limitMs?: number
}

/**
 * Runs a program to its end and gives what it printed (at most 16 MiB of each stream).
 *
 * @throws {Failure} CHILD_FAILED with the exit code, the signal or the limit, and the last line of stderr
 */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions & RunOptions = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = startChild(command, args, {
    ...options,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const limit = 16 << 20
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (stdout.length < limit && (stdout += text)))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr.length < limit && (stderr += text)))
  child.stdin?.on('error', () => {}) // a child that ends early closes its input: its exit code tells
  if (options.input !== undefined) child.stdin?.end(options.input)
  let isLate = false
  const timer = options.limitMs === undefined ? undefined : setTimeout(() => stop(), options.limitMs)
  const stop = (): void => {
    isLate = child.exitCode === null && child.signalCode === null
    child.kill('SIGKILL')
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const end = await childEnd(child).finally(() => clearTimeout(timer))
  if (isLate)
    throw new Failure('CHILD_FAILED', `Cannot run "${command}": it was killed, having not ended after ${options.limitMs} ms`)
  if (end.code === null || !(options.allow ?? [0]).includes(end.code)) {
    const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`
    const last = stderr.trim().split('\n').at(-1) ?? ''
    throw new Failure('CHILD_FAILED', `Cannot run "${command}": it ended with ${how}${last === '' ? '' : `, saying "${last}"`}`)
  }
  return { code: end.code, stdout, stderr }
}
