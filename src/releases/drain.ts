import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import { runChild } from '../base/spawn.ts'

export interface DrainOptions {
  /** How long running requests may take to end; PHP-FPM's `process_control_timeout` should not be longer @default {12000} */
  limitMs?: number
  /** How long to wait where the workers cannot be seen or PHP cannot be reloaded @default {2000} */
  settleMs?: number
}

/**
 * drained: every request that had begun has ended. waited: nothing could be seen, some time was given. timed-out: workers
 * from before still run.
 */
export type Drained = 'drained' | 'waited' | 'timed-out'

/**
 * Waits until the requests that began before maintenance have ended. With a command that reloads PHP-FPM gracefully, the
 * workers from before leave when their request has ended, and their processes are watched; PHP in a container, or another
 * server, shows no workers, and then only time is given. Never throws: a restore that has begun must be able to end, so what
 * could not be waited for is a warning.
 */
export async function drainPhp(reload: readonly string[] | null, run: Run, options: DrainOptions = {}): Promise<Drained> {
  const { limitMs = 12_000, settleMs = 2_000 } = options
  const before = reload === null ? [] : phpWorkers()
  const isReloaded =
    reload !== null &&
    (await reloadCommand(reload, run, 'PHP_NOT_DRAINED', 'requests that were running may write after the switch'))
  if (!isReloaded || before.length === 0) {
    await sleep(settleMs)
    return 'waited'
  }
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(25)) {
    if (haveLeft(before)) return 'drained'
  }
  const left = before.filter(isAlive).length
  run.warn({
    code: 'PHP_NOT_DRAINED',
    element: null,
    message: `${left} PHP workers from before maintenance still run after ${limitMs / 1000} s: what they write may be lost`,
    path: null,
  })
  return 'timed-out'
}

/** The site answers 503 meanwhile. systemd gives a reload 90 seconds. */
const reloadLimitMs = 100_000

/** Runs the configured command; a failure becomes a warning. */
export async function reloadCommand(reload: readonly string[], run: Run, code: string, consequence: string): Promise<boolean> {
  const [command = '', ...args] = reload
  try {
    await runChild(command, args, { limitMs: reloadLimitMs })
    return true
  } catch (error) {
    if (!(error instanceof Failure) && !isErrno(error, 'ENOENT', 'EACCES')) throw error
    run.warn({ code, element: null, message: `PHP was not reloaded (${error.message}): ${consequence}`, path: null })
    return false
  }
}

interface PhpWorker {
  pid: string
  master: string
  /** In clock ticks since boot: a pid alone may be given again */
  startedAt: string
}

/** Other masters on the machine keep their workers: only those that lost one were reloaded, and of these all must leave. */
function haveLeft(before: readonly PhpWorker[]): boolean {
  const gone = before.filter((worker) => !isAlive(worker))
  const reloaded = new Set(gone.map((worker) => worker.master))
  return gone.length > 0 && before.every((worker) => !reloaded.has(worker.master) || gone.includes(worker))
}

function phpWorkers(): PhpWorker[] {
  const workers: PhpWorker[] = []
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || !readProc(pid, 'cmdline').startsWith('php-fpm: pool')) continue
    const facts = factsOf(pid)
    if (facts !== null) workers.push({ pid, ...facts })
  }
  return workers
}

function isAlive(worker: PhpWorker): boolean {
  const facts = factsOf(worker.pid)
  return facts !== null && facts.startedAt === worker.startedAt && facts.state !== 'Z'
}

function factsOf(pid: string): { state: string; master: string; startedAt: string } | null {
  const stat = readProc(pid, 'stat')
  // the name stands in parentheses and may hold spaces and parentheses itself
  const [state, master, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startedAt = rest[17]
  return state === undefined || master === undefined || startedAt === undefined ? null : { state, master, startedAt }
}

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return ''
    throw error
  }
}
