import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart, signalProcess } from '../../base/processes.ts'
import { drainSeconds } from './fpmConfig.ts'
import { catches, childrenOf, type NamedProcess, programMark } from './processTree.ts'

/** An FPM master, whoever started it. */
export type Master = NamedProcess

/**
 * Reloads FPM gracefully. The master tells its workers to end after their request, waits for all of them and begins anew in the
 * same process, with the same listening socket: requests that wait are kept. When that has happened, no worker from before is
 * left; what has not ended after ten seconds is killed.
 *
 * @returns how many workers were killed; null when the master was gone or did not begin anew, and has to be started
 */
export async function reloadMaster(master: Master, limitMs = drainSeconds * 1000): Promise<{ killed: number } | null> {
  const before = childrenOf(master.pid)
  const mark = programMark(master.pid)
  if (!signalProcess(master.pid, master.startTicks, 'SIGUSR2')) return null
  const isOver = (): boolean =>
    programMark(master.pid) !== mark &&
    before.every((worker) => !isThere(worker)) &&
    (catches(master.pid, constants.signals.SIGUSR2) || !isThere(master))
  if (await waitFor(isOver, limitMs)) return isThere(master) ? { killed: 0 } : null
  const late = childrenOf(master.pid)
  for (const { pid, startTicks } of late) signalProcess(pid, startTicks, 'SIGKILL')
  const isNew = await waitFor(isOver, 5000)
  return isNew && isThere(master) ? { killed: late.length } : null
}

function isThere({ pid, startTicks }: NamedProcess): boolean {
  return processStart(pid) === startTicks
}

async function waitFor(condition: () => boolean, limitMs: number): Promise<boolean> {
  for (const deadline = performance.now() + limitMs; !condition(); await sleep(10)) if (performance.now() > deadline) return false
  return true
}
