import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno } from './failure.ts'

/**
 * Clock ticks since boot at which a process began, which together with its pid names it for good; null when it is no more
 * (a zombie counts as gone: it holds no file, lock or memory).
 */
export function processStart(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces and brackets
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
}

/** @returns false when the process still lives after `timeoutMs` */
export async function waitUntilGone(pid: number, startTicks: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (processStart(pid) === startTicks) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}

/** Sends a signal to exactly the process that began at `startTicks`. @returns false when that one is gone */
export function signalProcess(pid: number, startTicks: string, signal: NodeJS.Signals): boolean {
  if (processStart(pid) !== startTicks) return false
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false
    throw error
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return null
    throw error
  }
}
