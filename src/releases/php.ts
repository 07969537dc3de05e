import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../base/failure.ts'
import type { Run } from '../base/run.ts'
import { runChild } from '../base/spawn.ts'

/** As long as FPM's usual process_control_timeout lets a request go on. */
const drainMs = 10_000
const noticeMs = 1_500
const pollMs = 50

/**
 * Reloads PHP by the administrator's command, and waits until the workers from before have ended: no request that began before
 * runs on, and no compiled code is left. Without a command it does nothing. FPM masters other than the reloaded one keep their
 * workers and are not waited for.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when the command fails; after ten seconds it warns and goes on
 */
export async function reloadPhp(command: string[] | null, run: Run): Promise<void> {
  const [program, ...args] = command ?? []
  if (program === undefined) return
  const before = findWorkers()
  try {
    await runChild(program, args)
  } catch (cause) {
    throw new Failure('PREFLIGHT_REFUSED', `Cannot reload PHP: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'Attach the environment with a command that works (--php-reload)',
      cause,
    })
  }
  const begun = performance.now()
  for (;;) {
    const left = remaining(before, performance.now() - begun > noticeMs)
    if (left === 0) return
    if (performance.now() - begun > drainMs) {
      run.warn({
        code: 'PHP_NOT_DRAINED',
        element: null,
        message: `${left} PHP workers from before the reload still run after ${drainMs / 1000} seconds: a long request goes on with the old code`,
        path: null,
      })
      return
    }
    await sleep(pollMs)
  }
}

interface PhpWorker {
  pid: number
  master: number
  startTicks: string
}

/** Workers that are still there; after the time for notice, only those of masters of which some have ended. */
function remaining(before: readonly PhpWorker[], afterNotice: boolean): number {
  const now = new Set(findWorkers().map(({ pid, startTicks }) => `${pid} ${startTicks}`))
  const isLeft = ({ pid, startTicks }: PhpWorker): boolean => now.has(`${pid} ${startTicks}`)
  const reloaded = new Set(before.filter((worker) => !isLeft(worker)).map(({ master }) => master))
  return before.filter((worker) => isLeft(worker) && (!afterNotice || reloaded.has(worker.master))).length
}

/** Every process of a php-fpm whose parent is one too. */
function findWorkers(): PhpWorker[] {
  const all = new Map<number, PhpWorker>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readStat(name)
    if (stat !== null && /^php-fpm/.test(stat.comm))
      all.set(Number(name), { pid: Number(name), master: stat.parent, startTicks: stat.startTicks })
  }
  return [...all.values()].filter(({ master }) => all.has(master))
}

function readStat(pid: string): { comm: string; parent: number; startTicks: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const end = text.lastIndexOf(')')
    const fields = text.slice(end + 2).split(' ')
    return { comm: text.slice(text.indexOf('(') + 1, end), parent: Number(fields[1]), startTicks: fields[19] ?? '' }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return null
    throw error
  }
}
